"""Real receivers on loopback: a mail server and a text gateway. Both can also fail in many ways."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from aiosmtpd.controller import Controller

from tests.support.ports import free_port


class MailServer:
    """Keeps the mails that arrived. `answers` replace the 250 after DATA, in turn; "silence" hangs up."""

    def __init__(self) -> None:
        self.arrived: list[tuple[str, str]] = []
        self.answers: list[str] = []
        self.recipients_refused = ""
        self._controller = Controller(self, hostname="127.0.0.1", port=free_port())

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.recipients_refused:
            return self.recipients_refused
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        answer = self.answers.pop(0) if self.answers else "250 OK queued as 4F2A"
        if answer == "silence":
            server.transport.abort()
        if answer.startswith("250") or answer == "silence":
            self.arrived.append((envelope.rcpt_tos[0], envelope.content.decode()))
        return answer

    @property
    def port(self) -> int:
        return self._controller.port

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()


class TextGateway:
    """Keeps what arrived. `answer` is the status it gives; 0 hangs up after it has read the request.

    `receipt` is what it calls a message, "" by its key; `retry_after` is sent as that header; `answers` are statuses for single keys.
    """

    def __init__(self) -> None:
        self.arrived: dict[str, dict[str, str]] = {}
        self.answer, self.can_tell = 202, True
        self.receipt: object = ""
        self.answers: dict[str, int] = {}
        self.requests: list[str] = []
        self.retry_after = ""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/sms"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                posted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                gateway.requests.append(posted["message_key"])
                answer = gateway.answers.get(posted["message_key"], gateway.answer)
                if answer in (0, 202):
                    gateway.arrived[posted["message_key"]] = posted
                if answer == 0:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                self._say(answer, {"receipt_id": gateway.receipt or f"r-{posted['message_key'][:8]}"})

            def do_GET(self) -> None:
                key = self.path.rpartition("/")[2]
                if not gateway.can_tell:
                    self._say(404, {})
                elif key in gateway.arrived:
                    self._say(200, {"receipt_id": f"r-{key[:8]}"})
                else:
                    self._say(404, {"error": "unknown-message"})

            def _say(self, status: int, answer: dict[str, object]) -> None:
                body = json.dumps(answer).encode()
                self.send_response(status)
                if gateway.retry_after:
                    self.send_header("Retry-After", gateway.retry_after)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
                """Keeps the request log out of the test output."""

        return Handler

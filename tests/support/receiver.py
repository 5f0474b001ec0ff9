"""The endpoint of an agency, on a real socket: it answers as the test says, and notes what it was sent."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook


@dataclass(frozen=True)
class Answer:
    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Posted:
    headers: Mapping[str, str]
    body: bytes
    path: str = "/"

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def event_id(self) -> str:
        return self.headers["webhook-id"]

    def verified_by(self, secret: bytes) -> dict[str, Any]:
        """Raises WebhookVerificationError."""
        found: dict[str, Any] = Webhook(secret).verify(self.body, dict(self.headers))
        return found


ALLOWED = Answer(200, {"WebHook-Allowed-Origin": "*", "WebHook-Allowed-Rate": "*"})


class Receiver(ThreadingHTTPServer):
    """`answer`: to each event. `greeting`: to a handshake; `greets`: by its path. `accepted`: what it answered with 2xx, in order."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer: Callable[[Posted], Answer] = lambda _: Answer()
        self.greeting = ALLOWED
        self.greets: Callable[[str], Answer] = lambda _: self.greeting
        self.posted: list[Posted] = []
        self.accepted: list[Posted] = []
        self.greeted: list[Mapping[str, str]] = []
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: object) -> None:
        """A sender that hangs up is no error of the test."""

    def ids(self) -> list[str]:
        return [posted.event_id for posted in self.accepted]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Receiver

    def do_OPTIONS(self) -> None:
        self.server.greeted.append(self._headers())
        self._send(self.server.greets(self.path))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        posted = Posted(self._headers(), body, self.path)
        with self.server.lock:
            self.server.posted.append(posted)
        answer = self.server.answer(posted)
        if answer.status in range(200, 300):
            with self.server.lock:
                self.server.accepted.append(posted)
        self._send(answer)

    def _headers(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.headers.items()}

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    with Receiver() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.shutdown()

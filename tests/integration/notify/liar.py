"""A mail server on a plain socket. The test chooses its reply to each command."""

import socketserver
import threading
from collections.abc import Callable, Mapping
from typing import Self

HANG_UP = "hang up"


class Liar:
    """`says`: by verb (`greeting`, EHLO, MAIL, RCPT, DATA, `dot`, RSET) what it answers instead of yes; HANG_UP ends the session there.

    `body_lines`: after so many lines of a mail it hangs up. `pause` is called before every answer.
    """

    def __init__(
        self,
        says: Mapping[str, str] | None = None,
        *,
        body_lines: int = 0,
        pause: Callable[[str], object] = lambda _: None,
    ) -> None:
        self.says, self.body_lines, self.pause = dict(says or {}), body_lines, pause
        self.verbs: list[str] = []
        self.mails: list[bytes] = []
        self.sessions = 0
        self._server = _Server(("127.0.0.1", 0), _Conversation)
        self._server.liar, self._server.daemon_threads = self, True

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    liar: Liar


class _Conversation(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.liar = self.server.liar
        self.liar.sessions += 1
        verb, text = "greeting", False
        while self.answer(verb) and verb != "QUIT":
            text = verb == "DATA" and self.reply.startswith("354")
            if not (verb := self.mail() if text else self.rfile.readline().split(b" ")[0].strip().decode().upper()):
                return

    def answer(self, verb: str) -> bool:
        """False when it hangs up instead."""
        usual = {
            "greeting": "220 here",
            "EHLO": "250-liar\r\n250 8BITMIME",
            "DATA": "354 go on",
            "dot": "250 OK as F00D",
        }
        self.liar.verbs.append(verb)
        self.liar.pause(verb)
        self.reply = self.liar.says.get(verb, usual.get(verb, "250 ok"))
        if self.reply == HANG_UP:
            return False
        self.wfile.write(self.reply.encode() + b"\r\n")
        return True

    def mail(self) -> str:
        """Reads the text of a mail. Returns `dot`, or "" when it hangs up before the end."""
        lines: list[bytes] = []
        for line in self.rfile:
            if line == b".\r\n":
                self.liar.mails.append(b"".join(lines))
                return "dot"
            lines.append(line)
            if len(lines) == self.liar.body_lines:
                break
        return ""

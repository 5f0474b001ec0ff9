"""Sessions with a mail server: opened, secured, logged in, kept open for the next mail, and ended in time.

Invariant: one mail at a time per session. A session is reused only after the server accepted RSET, for a limited
number of mails, and for a limited time. A conversation that the server drags out is cut off, and so is a reply that does not end.
"""

import smtplib
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final, Literal

from services.notify.domain.outcome import Unwell
from services.notify.gateways import replies

Security = Literal["none", "starttls", "tls"]

_KEPT_SECONDS: Final = 30.0
_MAILS: Final = 100
_LINES: Final = 1_000


@dataclass(frozen=True)
class Server:
    """Where the server is. `starttls`: it must offer STARTTLS; `tls`: from the first byte. `ca_file` empty: the system's own."""

    host: str
    port: int
    security: Security = "none"
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""
    timeout_seconds: float = 10.0
    whole_seconds: float = 60.0
    kept: int = 0  # how many sessions stay open for the next mail

    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca_file or None)


class NoSession(Exception):  # noqa: N818 - names the state found
    """No session with the server; no mail was sent."""

    def __init__(self, outcome: Unwell) -> None:
        super().__init__(outcome.code)
        self.outcome = outcome


class _Lines:
    """What a server says, line by line; `left` of them may still come."""

    def __init__(self, replies: socket.SocketIO) -> None:
        self._replies, self.left = replies, _LINES
        self.close = replies.close

    def readline(self, size: int) -> bytes:
        self.left -= 1
        if self.left < 0:
            raise OSError("a reply that does not end")
        return self._replies.readline(size)


class _Plain(smtplib.SMTP):
    """Takes at most _LINES lines for one reply: the library keeps all of them."""

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            # Without a buffer, what nobody has asked for stays where a look at the socket finds it.
            self.file = _Lines(self.sock.makefile("rb", buffering=0))
        if self.file is not None:
            self.file.left = _LINES
        return super().getreply()


class _OverTls(_Plain, smtplib.SMTP_SSL):
    """The same, with TLS from the first byte."""


@dataclass
class Session:
    smtp: smtplib.SMTP
    mails: int = 0
    idle_since: float = 0.0

    @property
    def used(self) -> bool:
        return self.mails > 0

    def close(self) -> None:
        """Not quit(): an error in its answer would hide an outcome that is already known."""
        self.smtp.close()


class Sessions:
    def __init__(self, server: Server) -> None:
        self._server, self._idle = server, deque[Session]()

    def get(self) -> Session:
        """A kept session that still answers, else a new one. Raises NoSession."""
        while session := self._kept():
            if session.idle_since + _KEPT_SECONDS > time.monotonic() and self._answers(session):
                return session
            session.close()
        return self.new()

    def new(self) -> Session:
        """Raises NoSession."""
        try:
            smtp = self._opened()
        except ssl.SSLError:
            raise NoSession(Unwell("mail-server-tls")) from None
        except smtplib.SMTPResponseException as refusal:
            reply = refusal.smtp_error
            reply = reply if isinstance(reply, bytes) else reply.encode()
            raise NoSession(Unwell(replies.refused(refusal.smtp_code, reply, place="session").code)) from None
        except smtplib.SMTPNotSupportedError:
            raise NoSession(Unwell("mail-server-no-login")) from None
        except (OSError, smtplib.SMTPException):
            raise NoSession(Unwell("mail-server-unreachable")) from None
        return Session(smtp)

    def keep(self, session: Session) -> None:
        session.mails, session.idle_since = session.mails + 1, time.monotonic()
        if session.mails < _MAILS and len(self._idle) < self._server.kept:
            self._idle.append(session)
        else:
            session.close()

    @contextmanager
    def in_time(self, smtp: smtplib.SMTP) -> Iterator[None]:
        """Cuts the connection after the whole time: a server that sends one byte now and then never hits the socket timeout."""
        timer = threading.Timer(self._server.whole_seconds, _cut, [smtp])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _kept(self) -> Session | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _answers(self, session: Session) -> bool:
        try:
            with self.in_time(session.smtp):
                code, _ = session.smtp.rset()
        except (OSError, smtplib.SMTPException):
            return False
        return replies.positive(code)

    def _opened(self) -> smtplib.SMTP:
        server = self._server
        smtp = (
            _OverTls(timeout=server.timeout_seconds, context=server.context())
            if server.security == "tls"
            else _Plain(timeout=server.timeout_seconds)
        )
        smtp._host = server.host  # type: ignore[attr-defined]  # noqa: SLF001 - the name that STARTTLS checks
        try:
            self._greet(smtp)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _greet(self, smtp: smtplib.SMTP) -> None:
        server = self._server
        with self.in_time(smtp):
            code, reply = smtp.connect(server.host, server.port)
            if not replies.positive(code):
                raise smtplib.SMTPConnectError(code, reply)
            smtp.ehlo_or_helo_if_needed()
            if server.security == "starttls":
                _secure(smtp, server.context())
            if server.user:
                smtp.login(server.user, server.password)


def _secure(smtp: smtplib.SMTP, context: ssl.SSLContext) -> None:
    """Raises ssl.SSLError, also when the server offers no STARTTLS: mail is never sent in clear instead."""
    if not smtp.has_extn("starttls"):
        raise ssl.SSLError("the mail server offers no STARTTLS")
    code, reply = smtp.starttls(context=context)
    if not replies.positive(code):
        raise smtplib.SMTPResponseException(code, reply)
    smtp.ehlo_or_helo_if_needed()


def _cut(smtp: smtplib.SMTP) -> None:
    with suppress(OSError):
        if smtp.sock is not None:
            smtp.sock.shutdown(socket.SHUT_RDWR)

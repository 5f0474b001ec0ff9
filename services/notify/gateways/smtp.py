"""Mail by SMTP.

A mail server accepts a message with its reply to the final dot (RFC 5321, section 4.2.5). If the connection is lost before the
dot was sent, the mail was certainly not accepted. If it is lost after the dot, the outcome is unknown; SMTP has no query for it.
replies.py interprets replies, sessions.py opens and keeps sessions.
"""

import re
import select
import smtplib
import socket
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from typing import Final

import idna

from services.notify.domain.outcome import Accepted, NotAccepted, Outcome, Unclear, Unwell
from services.notify.domain.wording import Text
from services.notify.gateways import replies
from services.notify.gateways.receipts import readable
from services.notify.gateways.sessions import NoSession, Security, Server, Session, Sessions

_GO_ON: Final = 354
_LONGEST_ADDRESS: Final = 254
# Wait this long for a hang-up before sending the final dot, so that it is noticed before the dot and not after.
_LOOK_MILLISECONDS: Final = 30
_LOST: Final = NotAccepted("mail-server-lost-before-end", permanent=False, answered=False)
_BREAKS: Final = re.compile(
    "[\t\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+"
)  # characters that the mail library treats as a line end


@dataclass(frozen=True)
class _Envelope:
    recipient: str
    wire: bytes
    utf8: bool  # the address has letters that need SMTPUTF8 (RFC 6531)


class Mail:
    def __init__(  # noqa: PLR0913 - the settings of one mail server
        self,
        host: str,
        port: int,
        *,
        sender: str,
        timeout_seconds: float = 10.0,
        whole_seconds: float = 60.0,
        security: Security = "none",
        user: str = "",
        password: str = "",
        ca_file: str = "",
        kept: int = 0,
    ) -> None:
        self._sender = sender
        self._sessions = Sessions(
            Server(host, port, security, user, password, ca_file, timeout_seconds, whole_seconds, kept),
        )

    def send(self, address: str, text: Text, *, message_key: str) -> Outcome:
        try:
            envelope = self._envelope(address, text, message_key)
        except Exception:  # noqa: BLE001 - whatever the mail library makes of an address or a text, nothing has been sent
            return NotAccepted("mail-not-writable", permanent=True)
        try:
            session = self._sessions.get()
            outcome = self._sent(session, envelope)
            if session.used and _connection_lost(outcome):  # the kept session had ended
                outcome = self._sent(self._sessions.new(), envelope)
        except NoSession as failure:
            return failure.outcome
        return outcome

    def ask(self, message_key: str) -> None:
        """SMTP has no such query."""

    def _sent(self, session: Session, envelope: _Envelope) -> Outcome:
        with self._sessions.in_time(session.smtp):
            outcome = self._converse(session.smtp, envelope)
        if isinstance(outcome, Accepted) or (isinstance(outcome, NotAccepted) and outcome.answered):
            self._sessions.keep(session)
        else:
            session.close()
        return outcome

    def _converse(self, smtp: smtplib.SMTP, envelope: _Envelope) -> Outcome:
        if envelope.utf8 and not smtp.has_extn("smtputf8"):
            return NotAccepted("mail-address-not-possible", permanent=True)
        try:
            if refusal := self._begun(smtp, envelope):
                return refusal
            if early := _handed_over(smtp, envelope.wire):
                smtp.close()  # the server may still wait for the dot, and would take the next command for text
                return early
        except (OSError, smtplib.SMTPException):
            return _LOST
        return _ended(smtp)

    def _begun(self, smtp: smtplib.SMTP, envelope: _Envelope) -> NotAccepted | Unwell | None:
        """Everything up to the go-ahead for the text."""
        code, reply = smtp.mail(self._sender, ["SMTPUTF8", "BODY=8BITMIME"] if envelope.utf8 else [])
        if not replies.positive(code):
            return replies.refused(code, reply, place="sender")
        smtp.command_encoding = "utf-8" if envelope.utf8 else "ascii"
        code, reply = smtp.docmd("RCPT", f"TO:<{envelope.recipient}>")
        if not replies.positive(code):
            return replies.refused(code, reply, place="recipient")
        code, reply = smtp.docmd("DATA")
        return None if code == _GO_ON else replies.refused(code, reply, place="data")

    def _envelope(self, address: str, text: Text, message_key: str) -> _Envelope:
        """Raises ValueError when no mail can be built."""
        local, _, domain = address.rpartition("@")
        domain = domain if domain.isascii() else idna.encode(domain, uts46=True).decode("ascii")
        recipient = f"{local}@{domain}"
        recipient.encode()  # raises for a lone surrogate
        if not local or not domain or len(recipient) > _LONGEST_ADDRESS or re.search(r"[\s<>\x00-\x1f\x7f]", recipient):
            message = "no address that can stand in a command"
            raise ValueError(message)
        return _Envelope(recipient, self._wire(recipient, text, message_key), utf8=not recipient.isascii())

    def _wire(self, address: str, text: Text, message_key: str) -> bytes:
        mail = EmailMessage(policy=WIRE if address.isascii() else WIRE.clone(utf8=True))
        mail["From"], mail["To"], mail["Subject"] = self._sender, address, _BREAKS.sub(" ", text.title)
        mail["Message-Key"] = message_key
        mail["Message-ID"] = f"<{message_key}@{self._sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(text.body, charset="utf-8", cte="base64")
        return mail.as_bytes()


def _connection_lost(outcome: Outcome) -> bool:
    """The connection was lost, or the server ended it with 421."""
    return outcome == _LOST or (isinstance(outcome, Unwell) and outcome.code == f"smtp-{replies.CLOSING}")


def _handed_over(smtp: smtplib.SMTP, wire: bytes) -> NotAccepted | Unwell | None:
    """Sends the mail without its final dot. If the server hangs up or refuses meanwhile, it did not accept the mail."""
    smtp.send(re.sub(rb"(?m)^\.", b"..", wire if wire.endswith(b"\r\n") else wire + b"\r\n"))
    if smtp.sock is None:
        raise smtplib.SMTPServerDisconnected
    if not _speaks(smtp.sock):
        return None
    code, reply = smtp.getreply()
    return replies.refused(code, reply, place="data")


def _speaks(connection: socket.socket) -> bool:
    """Whether the server has said something that is not read yet, or says it now."""
    if isinstance(connection, ssl.SSLSocket) and connection.pending():
        return True
    look = select.poll()
    look.register(connection, select.POLLIN)
    return bool(look.poll(_LOOK_MILLISECONDS))


def _ended(smtp: smtplib.SMTP) -> Outcome:
    try:
        smtp.send(b".\r\n")
    except (OSError, smtplib.SMTPException):
        return _LOST  # the kernel did not accept even these three bytes
    try:
        code, reply = smtp.getreply()
    except (OSError, smtplib.SMTPException):
        return Unclear("mail-server-silent-after-data")
    if replies.positive(code):
        return Accepted(_receipt(reply, code))
    if code < 400:  # noqa: PLR2004 - neither yes nor no
        return Unclear("mail-server-unreadable-after-data")
    return replies.refused(code, reply, place="end")


def _receipt(reply: bytes, code: int) -> str:
    """The server's id for the mail: the last word of its reply, as in "250 OK queued as 4F2A"."""
    words = reply.decode("ascii", "replace").split()
    return readable(words[-1] if words else "") or str(code)

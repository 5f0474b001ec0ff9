"""Mail by SMTP.

A mail server takes a message over with its answer to the end of DATA (RFC 5321, section 4.2.5). Lost before:
certainly not taken. Lost after: nobody knows, and SMTP has no question to ask.
"""

import smtplib
from email.message import EmailMessage
from email.policy import SMTP as WIRE

from services.notify.domain.outcome import Accepted, NotAccepted, Outcome, Unclear
from services.notify.domain.wording import Text

_OK, _TEMPORARY = 250, range(400, 500)


class Mail:
    def __init__(self, host: str, port: int, *, sender: str, timeout_seconds: float = 10.0) -> None:
        self._host, self._port, self._sender, self._timeout = host, port, sender, timeout_seconds

    def send(self, address: str, text: Text, *, message_key: str) -> Outcome:
        try:
            wire = self._wire(address, text, message_key)
        except ValueError:  # a line break in a subject, half a character: of older data, which no rule of text had read
            return NotAccepted("unwritable", permanent=True)
        try:
            connection = smtplib.SMTP(self._host, self._port, timeout=self._timeout)
        except (OSError, smtplib.SMTPException):
            return NotAccepted("mail-server-unreachable", permanent=False)
        try:
            return self._converse(connection, address, wire)
        finally:
            connection.close()  # not quit(): its answer could only turn a known outcome into an exception

    def ask(self, message_key: str) -> None:
        """SMTP has no such question."""

    def _converse(self, connection: smtplib.SMTP, address: str, wire: bytes) -> Outcome:
        try:
            connection.ehlo_or_helo_if_needed()
            for code, _ in (connection.mail(self._sender), connection.rcpt(address)):
                if code != _OK:
                    return _refused(code)
        except (OSError, smtplib.SMTPException):
            return NotAccepted("mail-server-lost-before-data", permanent=False)
        try:
            code, said = connection.data(wire)
        except smtplib.SMTPDataError as refusal:
            return _refused(refusal.smtp_code)
        except (OSError, smtplib.SMTPException):
            return Unclear("mail-server-silent-after-data")
        return Accepted(_receipt(said)) if code == _OK else _refused(code)

    def _wire(self, address: str, text: Text, message_key: str) -> bytes:
        mail = EmailMessage(policy=WIRE)
        mail["From"], mail["To"], mail["Subject"] = self._sender, address, text.title
        mail["Message-Key"] = message_key
        mail["Message-ID"] = f"<{message_key}@{self._sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(text.body, charset="utf-8", cte="base64")
        return mail.as_bytes()


def _receipt(said: bytes) -> str:
    """What the server calls the mail: the last word of its answer, as in "250 OK queued as 4F2A"."""
    words = said.decode("ascii", "replace").split()
    return words[-1][:80] if words else str(_OK)


def _refused(code: int) -> NotAccepted:
    return NotAccepted(f"smtp-{code}", permanent=code not in _TEMPORARY)

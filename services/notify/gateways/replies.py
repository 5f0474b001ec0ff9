"""What a mail server's reply means: RFC 5321, section 4.2, by class and by place; RFC 3463 where it says more.

The first digit decides. Three things are read more closely. At the greeting, at the login and for our own sender every
refusal is about us. 421, the codes of the login and a refused relay are about us wherever they stand. 552 for a recipient means
"too many" and is temporary (section 4.5.3.1.10).
"""

import re
from typing import Final, Literal

from services.notify.domain.outcome import NotAccepted, Unwell

Place = Literal["session", "sender", "recipient", "data", "end"]

CLOSING: Final = 421
_CLOSING_REPLY: Final = 221
_TOO_MUCH: Final = 552
_ABOUT_US: Final = frozenset({CLOSING, _CLOSING_REPLY, 432, 454, 530, 534, 535, 538})
_POSITIVE, _TEMPORARY, _PERMANENT = range(200, 300), range(400, 500), range(500, 600)

# System full, not accepting messages, wrongly configured; quota or congestion; credentials invalid, too weak, expired, disabled;
# our DKIM, SPF, DMARC or reverse name fails (RFC 7372), too many mails from us.
_ENHANCED_ABOUT_US: Final = re.compile(rb"^[45]\.(3\.[125]|4\.5|7\.(8|9|1[0-4]|2[0-8]))\b")
# What servers write where they have no code of their own for it: our sender may not relay here, or stands on a list of senders.
_OUR_SENDER: Final = re.compile(
    rb"\brelay|\b(block|black|deny)[ -]?list|\bblocked using\b|\b(dns|r)bl\b|spamhaus", re.IGNORECASE
)


def positive(code: int) -> bool:
    """True for 2yz, except 221: it closes the session."""
    return code in _POSITIVE and code != _CLOSING_REPLY


def refused(code: int, reply: bytes, *, place: Place) -> NotAccepted | Unwell:
    """The outcome of a negative reply: about the message or about us. The message was certainly not accepted."""
    name = f"smtp-{code}" if code > 0 else "smtp-unreadable"
    if _about_us(code, reply, place):
        return Unwell(name)
    if code == _TOO_MUCH and place == "recipient":
        return NotAccepted(name, permanent=False)
    return NotAccepted(name, permanent=code in _PERMANENT)


def _about_us(code: int, reply: bytes, place: Place) -> bool:
    if place == "session" or code in _ABOUT_US or _ENHANCED_ABOUT_US.match(reply):
        return True
    if place == "sender":
        return code != _TOO_MUCH  # one mail that is too large
    return code in _PERMANENT and bool(_OUR_SENDER.search(reply))

"""What a gateway's answer means.

Stays true: an outcome says only what is certain. `NotAccepted` is certain not to have been taken, so that trying
again cannot tell a person twice; whatever might have been taken is `Unclear`, and only the gateway itself or a person
may resolve that. `Unwell` is about the channel and not about the message: docs/decisions/0026.
"""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Accepted:
    """The other side has taken the message over and said so. `receipt` is its own name for it."""

    receipt: str


@dataclass(frozen=True)
class NotAccepted:
    """`code` is stable and free of personal data. `permanent`: trying the same again cannot help.

    `answered` is False where the line was lost: that says nothing about the channel.
    """

    code: str
    permanent: bool
    answered: bool = True


@dataclass(frozen=True)
class Unclear:
    """It may have been taken. `code` says at which point the answer was lost."""

    code: str


@dataclass(frozen=True)
class Unwell:
    """The channel would refuse any message now: our credential, our credit, an address that has moved, their machine.

    `retry_after` is what the other side asks us to wait. `perhaps_taken`: this one message may have got through.
    """

    code: str
    retry_after: timedelta | None = None
    perhaps_taken: bool = False


Outcome = Accepted | NotAccepted | Unclear | Unwell

"""What a gateway's answer means.

Stays true: an outcome says only what is certain. `NotAccepted` is certain not to have been taken, so that trying
again cannot tell a person twice; whatever might have been taken is `Unclear`, and only the gateway itself or a person
may resolve that.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Accepted:
    """The other side has taken the message over and said so. `receipt` is its own name for it."""

    receipt: str


@dataclass(frozen=True)
class NotAccepted:
    """`code` is stable and free of personal data. `permanent`: trying the same again cannot help."""

    code: str
    permanent: bool


@dataclass(frozen=True)
class Unclear:
    """It may have been taken. `code` says at which point the answer was lost."""

    code: str


Outcome = Accepted | NotAccepted | Unclear

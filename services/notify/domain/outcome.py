"""What a gateway's answer means.

Invariant: an outcome states only what is certain. `NotAccepted`: the gateway certainly did not accept the message, so
another try cannot deliver it twice. `Unclear`: it may have been accepted; only the gateway or a person may resolve it.
`Unwell` is about the channel, not about the message: docs/decisions/0026.
Held by tests/unit/notify/test_message.py, tests/unit/notify/test_hold.py and tests/integration/notify/test_gateways.py.
"""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Accepted:
    """The gateway accepted the message. `receipt` is the gateway's id for it."""

    receipt: str


@dataclass(frozen=True)
class NotAccepted:
    """`code` is stable and free of personal data. `permanent`: another try cannot help.

    `answered` is False when the connection was lost: this tells nothing about the channel.
    """

    code: str
    permanent: bool
    answered: bool = True


@dataclass(frozen=True)
class Unclear:
    """The message may have been accepted. `code` says at which point the answer was lost."""

    code: str


@dataclass(frozen=True)
class Unwell:
    """The channel would refuse any message now: our credential, our credit, an address that has moved, their machine.

    `retry_after`: the wait that the gateway asks for. `perhaps_taken`: this one message may have been accepted.
    """

    code: str
    retry_after: timedelta | None = None
    perhaps_taken: bool = False


Outcome = Accepted | NotAccepted | Unclear | Unwell

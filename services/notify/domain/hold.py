"""When a channel is held, and when it is tried again. Decision 0026 has the reasons.

Invariant: a hold is per district and channel. While it is open, one message at a time is sent as a probe, each
time a different one. The first answer about a message ends the hold.
Held by tests/unit/notify/test_hold.py.
"""

from datetime import timedelta
from typing import Final, TypeGuard

from services.notify.domain.outcome import Accepted, NotAccepted, Outcome, Unclear

LOST_IN_A_ROW: Final = 3  # this many lost answers in a row hold the channel, like an `Unwell` answer

_PAUSES: Final = tuple(timedelta(seconds=seconds) for seconds in (5, 15, 60, 120, 300))
_LONGEST: Final = timedelta(hours=24)  # the longest pause, even if the gateway asks for more


def pause(probes: int, retry_after: timedelta | None = None) -> timedelta:
    """The pause after the failed probe number `probes`. Never shorter than the `Retry-After` of the gateway."""
    own = _PAUSES[min(probes, len(_PAUSES) - 1)]
    return own if retry_after is None else max(own, min(retry_after, _LONGEST))


def works(outcome: Outcome) -> bool:
    """True when the gateway answered about a message: the channel works."""
    return isinstance(outcome, Accepted) or (isinstance(outcome, NotAccepted) and outcome.answered)


def lost(outcome: Outcome) -> TypeGuard[Unclear | NotAccepted]:
    """True when the answer was lost: it tells nothing about the message or the channel."""
    return isinstance(outcome, Unclear) or (isinstance(outcome, NotAccepted) and not outcome.answered)

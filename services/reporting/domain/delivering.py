"""What follows from the answer of an endpoint: when to try again, when to stop, what a failing delivery holds back.

    delivered ─▶ done      410 ─▶ the endpoint is gone      all else ─▶ tried again, 1 s … 6 h apart, for three days
    three days without any success ─▶ the endpoint rests; one delivery alone ─▶ that delivery rests and holds its case

Invariant: no rule here makes one endpoint depend on another. A pause that the endpoint has not asked for (Retry-After) is at most
a minute, so that an event which the endpoint always refuses does not hold back the others for long.
Held by tests/unit/reporting/test_delivering.py.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

Status = Literal["new", "open", "resting", "gone"]
DeliveryState = Literal["waiting", "delivered", "resting", "withheld"]

FIRST: Final = timedelta(seconds=1)
LONGEST: Final = timedelta(hours=6)
GIVE_UP: Final = timedelta(days=3)
_GROWTH: Final = 3
_BREAK_AFTER: Final = 5  # failures in a row
_LONGEST_BREAK: Final = timedelta(minutes=1)
LONGEST_RETRY_AFTER: Final = timedelta(days=1)  # that a Retry-After may ask for


@dataclass(frozen=True)
class Outcome:
    """`code`: empty when it was delivered. `of_endpoint`: any other event would have failed as well. `retry_after`: as the endpoint asks.

    `taken`: the endpoint may have read the event, whatever it answered.
    """

    code: str = ""
    of_endpoint: bool = False
    gone: bool = False
    retry_after: timedelta | None = None
    status: int | None = None
    taken: bool = False

    @property
    def delivered(self) -> bool:
        return not self.code


@dataclass(frozen=True)
class Condition:
    """Of an endpoint. `failures`: in a row, of the endpoint itself; while there are many, one delivery at a time tries it."""

    status: Status
    since: datetime
    code: str | None = None
    failures: int = 0
    paused_until: datetime | None = None
    succeeded_at: datetime | None = None

    @property
    def broken(self) -> bool:
        return self.failures >= _BREAK_AFTER


@dataclass(frozen=True)
class Delivery:
    """`failures`: since `first_failed_at`. `next_try_at` None: as soon as the endpoint may be tried."""

    state: DeliveryState = "waiting"
    failures: int = 0
    first_failed_at: datetime | None = None
    next_try_at: datetime | None = None
    code: str | None = None


def pause(failures: int, *, spread: float, longest: timedelta = LONGEST) -> timedelta:
    """`spread`: 0 to 1, drawn for each pause, so that what failed together does not come again together."""
    steps = min(failures - 1, 20)
    return min(FIRST * int(_GROWTH**steps), longest) * (0.75 + spread / 2)


def tried(  # noqa: PLR0913 - what is known of the try
    condition: Condition, delivery: Delivery, outcome: Outcome, *, at: datetime, spread: float, queue: bool
) -> tuple[Condition, Delivery]:
    """`queue`: everything of the endpoint waits behind this delivery."""
    if outcome.delivered:
        good = replace(condition, code=None, failures=0, paused_until=None, succeeded_at=at)
        return good, replace(delivery, state="delivered", code=None, next_try_at=None)
    failed = _failed(delivery, outcome, at=at, spread=spread)
    if outcome.gone:
        return _stopped(condition, "gone", outcome.code, at), replace(failed, next_try_at=None)
    condition = _after_failure(condition, outcome, at=at, spread=spread)
    first = failed.first_failed_at or at
    if at - first < GIVE_UP:
        return condition, failed
    if not queue and condition.succeeded_at is not None and condition.succeeded_at > first:
        return condition, replace(failed, state="resting", next_try_at=None)
    return _stopped(condition, "resting", outcome.code, at), replace(failed, next_try_at=None)


def greeted(condition: Condition, outcome: Outcome, *, at: datetime, spread: float) -> Condition:
    """After a handshake."""
    if outcome.delivered:
        return replace(condition, status="open", since=at, code=None, failures=0, paused_until=None)
    if outcome.gone:
        return _stopped(condition, "gone", outcome.code, at)
    if at - condition.since >= GIVE_UP:
        return _stopped(condition, "resting", outcome.code, at)
    failures = condition.failures + 1
    until = at + max(pause(failures, spread=spread), _retry_after(outcome))
    return replace(condition, code=outcome.code, failures=failures, paused_until=until)


def _failed(delivery: Delivery, outcome: Outcome, *, at: datetime, spread: float) -> Delivery:
    first, failures = delivery.first_failed_at or at, delivery.failures + 1
    last_try = max(first + GIVE_UP, at)  # exactly at the end, so that three days are tried whatever the pauses are
    next_try_at = max(min(at + pause(failures, spread=spread), last_try), at + _retry_after(outcome))
    return Delivery("waiting", failures, first, next_try_at, outcome.code)


def _after_failure(condition: Condition, outcome: Outcome, *, at: datetime, spread: float) -> Condition:
    failures = condition.failures + 1 if outcome.of_endpoint else 0
    condition = replace(condition, code=outcome.code, failures=failures)
    until = at + _retry_after(outcome)
    if condition.broken:
        until = max(until, at + pause(failures - _BREAK_AFTER + 1, spread=spread, longest=_LONGEST_BREAK))
    return replace(condition, paused_until=until if until > at else None)


def _stopped(condition: Condition, status: Status, code: str, at: datetime) -> Condition:
    return replace(condition, status=status, code=code, since=at, paused_until=None)


def _retry_after(outcome: Outcome) -> timedelta:
    return min(max(outcome.retry_after or timedelta(), timedelta()), LONGEST_RETRY_AFTER)


@dataclass(frozen=True)
class Allowance:
    """What an endpoint may be sent now under its allowed rate, in deliveries. No minute ever sees more than `rate` of them.

    `rate` None: as many as we like.
    """

    rate: int | None
    tokens: float
    refilled_at: datetime

    def at(self, now: datetime) -> "Allowance":
        """Refilled at a 61st of the rate a second: what is spared and what comes in a minute are together at most the rate."""
        if self.rate is None:
            return self
        grown = self.tokens + max(0.0, (now - self.refilled_at).total_seconds()) * self.rate / 61
        return Allowance(self.rate, min(grown, max(1.0, self.rate / 61)), now)

    def most(self, wanted: int) -> int:
        return wanted if self.rate is None else min(wanted, int(self.tokens))

    def without(self, spent: int) -> "Allowance":
        return self if self.rate is None else replace(self, tokens=self.tokens - spent)

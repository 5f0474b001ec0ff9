"""The consumer's pulse: the last moment at which the model had applied all events of its topics.

It is the moment of an answer of the broker, recorded between polls when all polled events are committed and that answer has no more.
While the broker is away, or the consumer is down or behind, the moment does not move, and the lag on every page grows.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Engine, text

from shared.messaging.ports import Message, Subscription, Unreadable

_EVERY_SECONDS: Final = 0.5
_NOTE = text("""
    insert into pulses (consumer, caught_up_at) values (:consumer, clock_timestamp() - make_interval(secs => :ago))
    on conflict (consumer) do update set caught_up_at = greatest(pulses.caught_up_at, excluded.caught_up_at)
""")


class Pulsed:
    """A subscription that also records the pulse."""

    def __init__(self, subscription: Subscription, engine: Engine, consumer: str) -> None:
        self._subscription, self._engine, self._consumer = subscription, engine, consumer
        self._noted_at = 0.0
        self._known_at: float | None = None

    def poll(self, wait_seconds: float) -> Sequence[Message | Unreadable]:
        if time.monotonic() - self._noted_at > _EVERY_SECONDS:
            self._note()
        return self._subscription.poll(min(wait_seconds, _EVERY_SECONDS))

    @property
    def pattern(self) -> str:
        return self._subscription.pattern

    def answered(self) -> bool:
        return self._subscription.answered()

    def seen(self) -> frozenset[str]:
        return self._subscription.seen()

    def commit(self) -> None:
        self._subscription.commit()

    def lag(self) -> Mapping[str, int]:
        return self._subscription.lag()

    def known_at(self) -> float | None:
        return self._subscription.known_at()

    def silent_seconds(self) -> float:
        return self._subscription.silent_seconds()

    def close(self) -> None:
        self._subscription.close()

    def _note(self) -> None:
        known_at, lag = self._subscription.known_at(), self._subscription.lag()
        if known_at and known_at != self._known_at and lag and not any(lag.values()):
            with self._engine.begin() as connection:
                connection.execute(_NOTE, {"consumer": self._consumer, "ago": time.monotonic() - known_at})
            self._known_at = known_at
        self._noted_at = time.monotonic()

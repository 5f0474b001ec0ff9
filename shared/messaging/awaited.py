"""Which topics a consumer waits for: for its readiness, since a topic that may not be read shows as silence, not as an error.

Invariant: a consumer is not ready before its group has answered, nor while the broker is silent; one that stands by is. A district
whose topics are just being made is not named at once; what was missing at the start is. An installation without any district waits for
nothing.
Left to others: which topics are to be seen (kafka.py).
"""

from collections.abc import Iterable

from shared.events import topics
from shared.messaging.ports import SILENT_SECONDS, Subscription

_LOOKS = 10  # in a row, 2 s apart (consumer.py): the topics of a new district are all there by then


class Awaited:
    """`districts` are those that anything was ever applied of; the others are known by any one of their topics."""

    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription
        self._districts: set[str] = set()
        self._looked: dict[str, int] = {}
        self._missing: str | None = "the broker has not answered yet"

    def know(self, districts: Iterable[str]) -> None:
        self._districts.update(districts)

    def districts(self) -> frozenset[str]:
        return frozenset(self._districts)

    def look(self) -> None:
        """Call it between two polls, in the consumer's own thread."""
        if not self._subscription.answered():
            self._missing = "the group has not answered yet"
            return
        at_start = self._missing is not None
        seen = self._subscription.seen()
        self._districts |= {topics.district(topic) for topic in seen}
        absent = topics.matching(self._subscription.pattern, self._districts) - seen
        self._looked = {topic: self._looked.get(topic, 0) + (_LOOKS if at_start else 1) for topic in absent}
        named = sorted(topic for topic, looks in self._looked.items() if looks >= _LOOKS)
        self._missing = f"topics not to be seen: {', '.join(named)}" if named else None

    def outage(self, reason: str) -> None:
        self._missing = f"broker: {reason}"

    def missing(self) -> str | None:
        """For health.ready, from any thread: one sentence, None = nothing."""
        if (silent := self._subscription.silent_seconds()) > SILENT_SECONDS:
            return f"broker: no answer for {silent:.0f} s"
        return self._missing

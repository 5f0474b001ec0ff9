"""The consumer: turns messages into effects, each once, in the order of its key.

    poll ─▶ by district ─▶ lock marks ─▶ judge (repeat? behind a parked one? gap?) ─▶ react
         ─▶ move marks ─▶ after_reactions ─▶ events, commit ─▶ offsets

A rejected message is parked, and every later one of its key queues behind it; all other keys go on (redrive.py applies parked ones).
A message with the number of another event is parked too, until a person decides. A record that cannot be read is quarantined.
Left to others: applying one poll (applying.py).
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from shared.events import topics
from shared.messaging import freshness, inbox, parking
from shared.messaging.applying import Applying, Outcome, Rejected, TooManyRejected, log_parked
from shared.messaging.awaited import Awaited
from shared.messaging.ports import Message, Subscription, Unavailable, Unreadable
from shared.messaging.reactions import AfterReactions, Reactions
from shared.service import database
from shared.telemetry import log, metrics

__all__ = ["Consumer", "Rejected", "TooManyRejected"]

_ATTEMPTS = 20
_MEASURE_SECONDS = 2.0
_OUTAGE_SECONDS = 1.0
_log = log.get(__name__)


class Consumer:
    """`name` marks its rows in the inbox: two consumers of one service have two. `after_reactions` gets what a transaction applied."""

    def __init__(  # noqa: PLR0913 - the parts that wiring.py puts together
        self,
        name: str,
        engine: Engine,
        subscription: Subscription,
        reactions: Reactions,
        *,
        after_reactions: AfterReactions | None = None,
        max_rejected: int = 100,
    ) -> None:
        self._engine, self._subscription, self._name = engine, subscription, name
        self._applying = Applying(name, reactions, after_reactions=after_reactions, max_rejected=max_rejected)
        self.awaited = Awaited(subscription)
        self._measured_at = 0.0
        metrics.TRANSIENT.labels(name)
        self._known_at: float | None = None
        self._shown: set[str] = set()  # topics whose lag is shown
        self._measured: set[str] = set()  # districts whose gauges exist: they go back to 0

    def run_forever(self, stop: threading.Event) -> None:
        with database.reading(self._engine, granted=[database.EVERY]) as tx:
            self.awaited.know(inbox.districts(tx, self._name))
        while not stop.is_set():
            try:
                self.run_once()
            except Unavailable as outage:
                self.awaited.outage(str(outage))
                self._show_lags({})
                _log.warning("broker unavailable", consumer=self._name, reason=str(outage))
                stop.wait(_OUTAGE_SECONDS)
        self._subscription.close()

    def run_once(self, *, wait_seconds: float = 1.0) -> int:
        """Handles one poll and returns its size. An outage ends the process, which restarts at the same offset."""
        polled = self._subscription.poll(wait_seconds)
        for district, records in _by_district(polled):
            self._count(district, self._applied(district, records))
        if polled:
            self._subscription.commit()
        if time.monotonic() - self._measured_at > _MEASURE_SECONDS:
            self._measure()
        return len(polled)

    def _applied(self, district: str, records: Sequence[Message | Unreadable]) -> Outcome:
        received = self._applying.receive(records)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with database.begin(self._engine, district=district) as tx:
                    return self._applying.apply(tx, received)
            except OperationalError as failure:
                if not database.transient(failure) or attempt == _ATTEMPTS:
                    raise
                metrics.TRANSIENT.labels(self._name).inc()
                _log.info(
                    "tried again in place", consumer=self._name, attempt=attempt, sqlstate=database.sqlstate(failure)
                )
                time.sleep(random.uniform(0, 0.02) * attempt)  # noqa: S311 - not a secret
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _count(self, district: str, outcome: Outcome) -> None:
        metrics.APPLIED.labels(self._name, district).inc(len(outcome.applied))
        metrics.REPEATED.labels(self._name, district).inc(outcome.repeated)
        metrics.REJECTED.labels(self._name, district).inc(outcome.rejected)
        latency, now = metrics.PROJECTION_SECONDS.labels(self._name, district), datetime.now(UTC)
        for it in outcome.applied:
            latency.observe((now - datetime.fromisoformat(it.message.headers["time"])).total_seconds())
        for record in outcome.quarantined:
            metrics.QUARANTINED.labels(self._name, record.topic).inc()
            _log.warning("quarantined", consumer=self._name, **_place(record), reason=record.reason)
        for parked in outcome.parked:
            log_parked(self._name, parked)
        self._applying.commit(outcome)

    def _measure(self) -> None:
        self.awaited.look()
        known_at, unread = self._subscription.known_at(), self._subscription.lag()
        known_seconds = time.monotonic() - known_at if known_at and known_at != self._known_at else None
        behind_in: Counter[str] = Counter()
        for topic, behind in unread.items():
            behind_in[topics.district(topic)] += behind
        self._show_lags(unread)
        freshness.note_lags(self._engine, self._name, behind_in, known_seconds=known_seconds)
        self._known_at = known_at
        with database.reading(self._engine, granted=[database.EVERY]) as tx:
            waiting = {count.district: count for count in parking.counts(tx, self._name)}
            uncounted = parking.uncounted(tx, self._name)
        self._measured |= self.awaited.districts() | waiting.keys()
        for district in self._measured:
            self._set_gauges(waiting.get(district, parking.Count(district, 0, 0)))
        for district in uncounted:
            with database.begin(self._engine, district=district) as tx:
                inbox.share(tx)
                left = parking.count_applied(tx, self._name)
            metrics.APPLIED.labels(self._name, district).inc(left)
        self._measured_at = time.monotonic()

    def _show_lags(self, unread: Mapping[str, int]) -> None:
        """What is no longer known is not shown."""
        for topic in self._shown - unread.keys():
            metrics.CONSUMER_LAG.remove(self._name, topic)
        for topic, behind in unread.items():
            metrics.CONSUMER_LAG.labels(self._name, topic).set(behind)
            metrics.QUARANTINED.labels(self._name, topic)  # exists from now on, at 0
        self._shown = set(unread)

    def _set_gauges(self, count: parking.Count) -> None:
        metrics.PARKED.labels(self._name, count.district).set(count.waiting)
        metrics.DIVERGED.labels(self._name, count.district).set(count.diverged)
        for counter in (metrics.APPLIED, metrics.REPEATED, metrics.REJECTED, metrics.PROJECTION_SECONDS):
            counter.labels(self._name, count.district)  # exists from now on, at 0


def _by_district(polled: Sequence[Message | Unreadable]) -> Iterator[tuple[str, list[Message | Unreadable]]]:
    districts: dict[str, list[Message | Unreadable]] = {}
    for record in polled:
        districts.setdefault(topics.district(record.topic), []).append(record)
    yield from sorted(districts.items())


def _place(record: Unreadable) -> dict[str, object]:
    return {"topic": record.topic, "partition": record.partition, "offset": record.offset}

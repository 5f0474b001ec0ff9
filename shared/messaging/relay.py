"""The relay: carries what is unsent to Kafka. One is active per service; the others try again.

Invariant: within a key nothing overtakes, and nothing counts as sent before the broker has acknowledged it. A crash can
repeat events, never lose or reorder them; the inbox of every consumer makes repeats harmless. An event that the broker refuses holds
its own key, which is tried again at longer and longer intervals and heals by itself; all other keys flow on.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from sqlalchemy import Connection, Engine, Row, text
from sqlalchemy.exc import DBAPIError

from shared.events import topics
from shared.messaging.inbox import Key, key_of
from shared.messaging.ports import Message, Producer, Refusal, Unavailable
from shared.messaging.reactions import facts_of
from shared.service import database, journal
from shared.telemetry import log, metrics, spans, tracing

# The lock belongs to the transaction that also deletes: a relay that loses one loses both. It is tried, not waited for:
# a waiting session keeps a snapshot, and with it every dead row of `unsent`.
_LOCK = text("select pg_try_advisory_xact_lock(hashtext('relay'))")
# The idle relay looks fifty times a second. The database looks for it, half a second long: waking this process costs more than a look.
_AWAIT = "do $$begin for n in 1..25 loop exit when exists (select from unsent); perform pg_sleep(0.02); end loop; end$$"
_ANY = "select exists (select from unsent)"
_OLDEST = text("""
    select event_id, topic, key, sequence, type, payload, headers, id, held.tries
    from unsent join events using (id) left join held using (topic, key)
    where held.retry_at is null or held.retry_at <= clock_timestamp() order by id limit :batch
""")
_SENT = text("delete from unsent where id = any(:ids)")
_HOLD = text("""
    insert into held (topic, key, reason, district, retry_at)
    values (:topic, :key, :reason, :district, clock_timestamp() + interval '1 second')
    on conflict (topic, key) do update set reason = excluded.reason, tries = held.tries + 1,
        retry_at = clock_timestamp() + least(interval '1 second' * 2 ^ least(held.tries, 10), interval '1 minute')
""")
_FREE = text(
    "delete from held using unnest(cast(:topics as text[]), cast(:keys as text[])) as sent (t, k) where topic = t and key = k"
)
# Districts that once had something unsent are named again with nothing, or their gauges would stand still.
_MEASURE = text(f"""
    select district, count(unsent.id) as unsent,
           (select count(*) from held where held.district = known.district) as held
    from ({journal.DISTRICTS}) as known left join unsent using (district) group by district
""")  # noqa: S608 - a constant
_MEASURE_SECONDS = 2.0
_OUTAGE_SECONDS = 1.0
_log = log.get(__name__)


class Relay:
    """`engine` is the mechanism role's: it sees every district."""

    def __init__(self, engine: Engine, producer: Producer, *, batch: int = 1000) -> None:
        self._engine, self._producer, self._batch = engine, producer, batch
        self._measured_at = 0.0
        self._shown: set[str] = set()  # districts
        self._probe: Connection | None = None
        self._asked_at = 0.0
        self._missing: str | None = "the broker has not answered yet"

    def missing(self) -> str | None:
        """For health.ready, from any thread: the broker, by its last answer. None = nothing."""
        return self._missing

    def run_once(self) -> int:
        """Sends one batch, returns how many were acknowledged; 0 when another relay is active or nothing is due. Raises Unavailable."""
        # A session that was ended is rolled back: all events are still unsent, and those already sent are repeated.
        began = spans.now()
        with _outages():
            sent = self._sent()
        if spans.on():
            spans.record(_span(Message(*row[:7]), began) for row in sent)
        for row in sent:
            metrics.RELAY_SENT.labels(topics.district(row.topic)).inc()
        return len(sent)

    def _sent(self) -> Sequence[Row[tuple[object, ...]]]:
        with self._engine.begin() as connection:
            if not connection.execute(_LOCK).scalar_one():
                return []
            if not (rows := connection.execute(_OLDEST, {"batch": self._batch}).all()):
                return []
            with self._answer():
                refused = self._producer.publish([Message(*row[:7]) for row in rows])
            return self._settle(connection, rows, refused)

    def waiting(self) -> bool:
        """Whether any event is unsent, at the latest after half a second; it may be held, or another relay's. Raises Unavailable."""
        with _outages():
            if self._probe is None or self._probe.invalidated:
                self._probe = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            database.scalar(self._probe, _AWAIT)
            return bool(database.scalar(self._probe, _ANY))

    def run_forever(self, stop: threading.Event, *, idle_seconds: float = 0.02) -> None:
        while not stop.is_set():
            try:
                if time.monotonic() - self._measured_at > _MEASURE_SECONDS:
                    self._look()
                idle = not (self.waiting() and self.run_once())
            except Unavailable as outage:
                _log.warning("not sent, tried again", reason=str(outage))
                stop.wait(_OUTAGE_SECONDS)
                continue
            if idle:
                stop.wait(idle_seconds)
        if self._probe:
            self._probe.close()
        self._producer.close()

    def _look(self) -> None:
        """Measures, and asks the broker when nothing was sent: one that is away is named by `missing`, also while nothing waits."""
        try:
            with _outages():
                self.measure()
        except Unavailable:
            self._show_nothing()
            raise
        if time.monotonic() - self._asked_at > _MEASURE_SECONDS:
            with suppress(Unavailable), self._answer():
                self._producer.ask()

    @contextmanager
    def _answer(self) -> Iterator[None]:
        try:
            yield
            self._missing = None
        except Unavailable as outage:
            self._missing = f"broker: {outage}"
            raise
        finally:
            self._asked_at = time.monotonic()

    def _show_nothing(self) -> None:
        """What the database does not say now is not shown."""
        for district in self._shown:
            metrics.UNSENT.remove(district)
            metrics.RELAY_HELD.remove(district)
        self._shown = set()

    def measure(self) -> None:
        with self._engine.connect() as connection:
            for row in connection.execute(_MEASURE):
                metrics.UNSENT.labels(row.district).set(row.unsent)
                metrics.RELAY_HELD.labels(row.district).set(row.held)
                self._shown.add(row.district)
                metrics.RELAY_SENT.labels(row.district)  # exists from now on, at 0
        self._measured_at = time.monotonic()

    def _settle(
        self, connection: Connection, rows: Sequence[Row[tuple[object, ...]]], refused: Sequence[Refusal]
    ) -> list[Row[tuple[object, ...]]]:
        """Deletes the sent rows. From its first refused event on, all rows of a key stay, to be sent again in order."""
        stuck: dict[Key, Refusal] = {}
        for refusal in sorted(refused, key=lambda refusal: refusal.message.sequence, reverse=True):
            stuck[key_of(refusal.message)] = refusal
        sent = [
            row
            for row in rows
            if (first := stuck.get(Key(row.topic, row.key))) is None or row.sequence < first.message.sequence
        ]
        connection.execute(_SENT, {"ids": [row.id for row in sent]})
        if freed := sorted({Key(row.topic, row.key) for row in sent if row.tries is not None} - stuck.keys()):
            connection.execute(_FREE, {"topics": [key.topic for key in freed], "keys": [key.key for key in freed]})
            _log.info("freed", keys=freed)
        for key, refusal in sorted(stuck.items()):
            connection.execute(
                _HOLD, {**key._asdict(), "reason": refusal.reason, "district": topics.district(key.topic)}
            )
            _log.warning("held", **key._asdict(), sequence=refusal.message.sequence, reason=refusal.reason)
        return sent


def _span(message: Message, began: int) -> spans.Beginning:
    parent = tracing.well_formed(message.headers.get("traceparent"))
    return spans.Beginning(f"send {message.type}", "producer", parent, facts_of(message), at=began)


@contextmanager
def _outages() -> Iterator[None]:
    """Raises Unavailable in place of a lost session or a transient failure."""
    try:
        yield
    except DBAPIError as failure:
        if not failure.connection_invalidated and not database.transient(failure):
            raise
        raise Unavailable(f"database: {type(failure.orig).__name__}") from failure

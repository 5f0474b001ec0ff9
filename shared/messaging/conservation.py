"""Conservation: each hop between two places has an equation, per district and day, and names the ids that break it.

    published   journal = on topic + unsent                     in the database of the service that writes
    settled     on topic = applied + parked + quarantined + passed over     in the database of a service that reads

A day is a day in Shanghai. Invariant: it only reads, and reads nothing twice. An event with a counterpart is counted and forgotten;
an event without one is kept and looked up again. Left to others: deciding what is late and what is missing (reconciler.py).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import NamedTuple, Protocol
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from shared.events import topics
from shared.events.day import SHANGHAI, business_day
from shared.messaging.inbox import Key, key_of
from shared.messaging.ports import Message, Reader
from shared.service import journal

_SLACK = timedelta(minutes=5)  # between the broker's clock and ours
_LONGEST = timedelta(hours=1)  # a transaction; it only bounds the scan
_CHUNK = 5_000
_REMEMBERED = 50_000  # repeats come close behind: a relay has one batch under way


class Place(NamedTuple):
    district: str
    day: date


@dataclass(frozen=True)
class Equation:
    """`left` = the sum of `right`, unless ids are `missing` on the right or `extra` there."""

    name: str
    place: Place
    left: int
    right: Mapping[str, int]
    missing: Sequence[str] = ()
    extra: Sequence[str] = ()

    def __str__(self) -> str:
        right = " + ".join(f"{count} {name}" for name, count in self.right.items())
        broken = [f"{len(ids)} {what}" for what, ids in (("MISSING", self.missing), ("EXTRA", self.extra)) if ids]
        verdict = " ".join(broken) or "holds"
        return f"{self.place.day} {self.place.district} {self.name}: {self.left} = {right}: {verdict}"


class Hop(Protocol):
    def count(self, since: datetime) -> Sequence[Equation]:
        """Counts what happened from `since` on; each later call adds what is new. Raises Unavailable."""


# An id or a time is assigned before its transaction commits, so neither says which rows were counted. Transaction ids do:
# every transaction older than the oldest running one has ended, and every row belongs to exactly one transaction.
_HORIZON = text("select cast(cast(pg_snapshot_xmin(pg_current_snapshot()) as xid) as text)")
_WRITTEN = text("""
    select event_id, topic, key, sequence, district, written_at from events
    where district = :district and written_at >= :since and age(xmin) > age(cast(:horizon as xid))
      and (cast(:counted as text) is null or age(xmin) <= age(cast(cast(:counted as text) as xid)))
""")
_DISTRICTS = text(journal.DISTRICTS)
_UNSENT = text("select event_id from unsent join events using (id)")
_KNOWN = text("""
    select event_id, age(xmin) <= age(cast(:horizon as xid)) as ahead from events where event_id = any(:ids)
""")


class _Written(NamedTuple):
    place: Place
    key: Key
    sequence: int


class Published:
    """`engine` is the mechanism role's of the service that writes these events."""

    def __init__(self, service: str, engine: Engine, reader: Reader) -> None:
        self._engine, self._reader = engine, reader
        self._pattern = topics.pattern(*(kind.kind for kind in topics.KINDS.values() if kind.owner == service))
        self._horizon: str | None = None
        self._counted_at: datetime | None = None
        self._written: Counter[Place] = Counter()
        self._open: dict[UUID, _Written] = {}
        self._early: set[UUID] = set()  # on the topic, and written by a transaction that is not counted yet
        self._unknown: dict[UUID, Place] = {}
        self._extra: dict[UUID, Place] = {}
        self._newest: dict[Key, int] = {}

    def count(self, since: datetime) -> Sequence[Equation]:
        self._read_journal(since)
        for message in messages(self._reader, self._pattern, since):
            if self._open.pop(message.event_id, None) is None:
                self._unknown[message.event_id] = place_of(message)
            if topics.kind(message.topic).compacted:
                self._newest[key_of(message)] = max(message.sequence, self._newest.get(key_of(message), 0))
        with self._engine.connect() as connection:
            self._explain(connection)
            unsent = set(connection.execute(_UNSENT).scalars())
        self._forget_compacted()
        return self._equations(unsent)

    def _read_journal(self, since: datetime) -> None:
        now = datetime.now(SHANGHAI)
        parameters = {"counted": self._horizon, "since": max(since, (self._counted_at or since) - _LONGEST)}
        with self._engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            horizon = connection.execute(_HORIZON).scalar_one()
            for district in connection.execute(_DISTRICTS).scalars().all():
                for row in connection.execute(_WRITTEN, {**parameters, "horizon": horizon, "district": district}):
                    place = Place(district, business_day(row.written_at))
                    self._written[place] += 1
                    if row.event_id in self._early:
                        self._early.remove(row.event_id)
                    else:
                        self._open[row.event_id] = _Written(place, Key(row.topic, row.key), row.sequence)
        self._horizon, self._counted_at = horizon, now

    def _explain(self, connection: Connection) -> None:
        """Explains records that match no open event: a repeat, a transaction that is not counted yet, or an event of no journal."""
        parameters = {"horizon": self._horizon, "ids": list(self._unknown)}
        known = {row.event_id: row.ahead for row in connection.execute(_KNOWN, parameters)}
        self._early.update(event_id for event_id, ahead in known.items() if ahead)
        self._extra.update({event_id: place for event_id, place in self._unknown.items() if event_id not in known})
        self._unknown.clear()

    def _forget_compacted(self) -> None:
        for event_id, written in list(self._open.items()):
            if written.sequence < self._newest.get(written.key, 0):
                del self._open[event_id]

    def _equations(self, unsent: set[UUID]) -> Sequence[Equation]:
        waiting = Counter(written.place for event_id, written in self._open.items() if event_id in unsent)
        missing = _by_place(
            {event_id: written.place for event_id, written in self._open.items() if event_id not in unsent}
        )
        extra = _by_place(self._extra)
        found = []
        for place in sorted(self._written.keys() | extra.keys()):
            lost = missing.get(place, [])
            on_topic = self._written[place] - waiting[place] - len(lost)
            right = {"on topic": on_topic + len(extra.get(place, [])), "unsent": waiting[place]}
            found.append(Equation("published", place, self._written[place], right, lost, extra.get(place, [])))
        return found


_STATES = text("""
    select unsettled.event_id,
           case when decisions.event_id is not null then 'passed over' when parked.event_id is not null then 'parked'
                when quarantined.reason is not null then 'quarantined'
                when (unsettled.epoch, unsettled.sequence) <= (inbox.epoch, inbox.last_sequence) then 'applied' end as state
    from unnest(cast(:ids as uuid[]), cast(:topics as text[]), cast(:keys as text[]), cast(:epochs as int[]),
                cast(:sequences as bigint[]), cast(:partitions as int[]), cast(:offsets as bigint[]))
        as unsettled (event_id, topic, key, epoch, sequence, partition, "offset")
    left join inbox on inbox.consumer = :consumer and (inbox.topic, inbox.key) = (unsettled.topic, unsettled.key)
    left join parked on parked.consumer = :consumer and released_at is null
        and (parked.topic, parked.key, parked.epoch, parked.sequence, parked.event_id)
            = (unsettled.topic, unsettled.key, unsettled.epoch, unsettled.sequence, unsettled.event_id)
    left join decisions on decisions.consumer = :consumer and decisions.event_id = unsettled.event_id
    left join quarantined on quarantined.consumer = :consumer and quarantined.released_at is null
        and (quarantined.topic, quarantined.partition, quarantined."offset") = (unsettled.topic, unsettled.partition, unsettled."offset")
""")


class Settled:
    """`engine` is the mechanism role's; `pattern` is what the consumer subscribes to."""

    def __init__(self, consumer: str, engine: Engine, reader: Reader, pattern: str) -> None:
        self._consumer, self._engine, self._reader, self._pattern = consumer, engine, reader, pattern
        self._seen: Counter[Place] = Counter()
        self._recent: dict[UUID, None] = {}
        self._open: dict[UUID, Message] = {}
        self._states: dict[UUID, str | None] = {}

    def count(self, since: datetime) -> Sequence[Equation]:
        found = messages(self._reader, self._pattern, since)
        self._settle()
        while some := list(islice(found, _CHUNK)):
            for message in some:
                if message.event_id not in self._recent and _written_at(message) >= since:
                    self._seen[place_of(message)] += 1
                    self._open[message.event_id] = message._replace(payload=None)
                    self._recent[message.event_id] = None
            for old in list(self._recent)[:-_REMEMBERED]:
                del self._recent[old]
            self._settle()
        return self._equations()

    def _settle(self) -> None:
        """Reads the state of every open event. An applied event stays applied; a parked one may still be applied."""
        waiting = list(self._open.values())
        parameters = {
            "consumer": self._consumer,
            "ids": [message.event_id for message in waiting],
            "topics": [message.topic for message in waiting],
            "keys": [message.key for message in waiting],
            "epochs": [message.epoch for message in waiting],
            "sequences": [message.sequence for message in waiting],
            "partitions": [message.partition for message in waiting],
            "offsets": [message.offset for message in waiting],
        }
        with self._engine.connect() as connection:
            states = {row.event_id: row.state for row in connection.execute(_STATES, parameters)}
        self._states = {event_id: state for event_id, state in states.items() if state != "applied"}
        self._open = {event_id: self._open[event_id] for event_id in self._states}

    def _equations(self) -> Sequence[Equation]:
        waiting = Counter((place_of(message), self._states[event_id]) for event_id, message in self._open.items())
        missing = _by_place(
            {event_id: place_of(message) for event_id, message in self._open.items() if self._states[event_id] is None}
        )
        found = []
        for place in sorted(self._seen):
            lost = missing.get(place, [])
            right = {"parked": waiting[place, "parked"], "quarantined": waiting[place, "quarantined"]}
            if passed_over := waiting[place, "passed over"]:
                right["passed over"] = passed_over
            right = {"applied": self._seen[place] - sum(right.values()) - len(lost), **right}
            found.append(Equation("settled", place, self._seen[place], right, lost))
        return found


def messages(reader: Reader, pattern: str, since: datetime) -> Iterator[Message]:
    return (record for record in reader.read(pattern, since=since - _SLACK) if isinstance(record, Message))


def place_of(message: Message) -> Place:
    return Place(topics.district(message.topic), business_day(_written_at(message)))


def _written_at(message: Message) -> datetime:
    return datetime.fromisoformat(message.headers["time"])


def _by_place(ids: Mapping[UUID, Place]) -> dict[Place, list[str]]:
    found: dict[Place, list[str]] = {}
    for event_id, place in sorted(ids.items()):
        found.setdefault(place, []).append(str(event_id))
    return found

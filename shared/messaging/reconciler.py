"""The reconciler: counts what one hop has against what the next one has, per district and day, and names the missing ids.

    published   journal = on the topic + unsent                      in the emitter's database
    settled     on the topic = applied + parked + quarantined        in the database of a consumer

A day is a day in Shanghai, by `ce_time`. Stays true: it only reads. What is on its way is missing for a moment; what is missing
twice in a row is an alarm. Left to others: equations of a service's own, such as planned = sent + failed …, which it hands in.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, text

from shared.events import topics
from shared.messaging.inbox import Key, key_of
from shared.messaging.ports import Message, Reader
from shared.service import database
from shared.telemetry import log, metrics

_SHANGHAI = ZoneInfo("Asia/Shanghai")
_EVERY_SECONDS = 60.0
_NAMED = 20
_SLACK = timedelta(minutes=5)  # the broker's clock and ours
_log = log.get(__name__)

_JOURNAL = text("""
    select event_id, topic, unsent.id is not null as unsent from events left join unsent using (id)
    where events.district = :district and events.written_at >= :since and events.written_at < :until
""")
_MARKS = text("select topic, key, epoch, last_sequence from inbox where consumer = :consumer and district = :district")
_PARKED = text(
    "select event_id from parked where consumer = :consumer and district = :district and released_at is null"
)
_QUARANTINED = text("""
    select topic, partition, "offset" from quarantined where consumer = :consumer and district = :district and released_at is null
""")


@dataclass(frozen=True)
class Equation:
    """`left` = the sum of `right`, unless something is missing."""

    name: str
    district: str
    day: date
    left: int
    right: Mapping[str, int]
    missing: Sequence[UUID] = field(default=())

    def __str__(self) -> str:
        right = " + ".join(f"{count} {name}" for name, count in self.right.items())
        verdict = f"MISSING {len(self.missing)}" if self.missing else "holds"
        return f"{self.day} {self.district} {self.name}: {self.left} = {right}: {verdict}"


def published(mechanism: Engine, reader: Reader, *, district: str, day: date) -> Equation:
    """Every event of the journal is on its topic, or known to be unsent."""
    since, until = _bounds(day)
    with mechanism.connect() as connection:
        rows = connection.execute(_JOURNAL, {"district": district, "since": since, "until": until}).all()
    unsent = {row.event_id for row in rows if row.unsent}
    written = {row.event_id for row in rows} - unsent
    seen = {message.event_id for message in _messages(reader, sorted({row.topic for row in rows}), since)}
    missing = sorted(written - seen)
    return Equation(
        "published", district, day, len(rows), {"on topic": len(written & seen), "unsent": len(unsent)}, missing
    )


def settled(  # noqa: PLR0913 - each narrows what is counted
    mechanism: Engine, reader: Reader, *, consumer: str, kinds: Sequence[str], district: str, day: date
) -> Equation:
    """Every event on the topics is applied, waits in parking, or stands in quarantine. Repeats count once."""
    since, until = _bounds(day)
    names = [topics.name(district, kind) for kind in kinds]
    found = {each.event_id: each for each in _messages(reader, names, since) if since <= _said_at(each) < until}
    asked = {"consumer": consumer, "district": district}
    # Read after the topic: what was applied meanwhile only helps.
    with mechanism.connect() as connection:
        marks = {Key(row.topic, row.key): (row.epoch, row.last_sequence) for row in connection.execute(_MARKS, asked)}
        parked = set(connection.execute(_PARKED, asked).scalars())
        quarantined = {tuple(row) for row in connection.execute(_QUARANTINED, asked)}
    waiting = {each for each in found if each in parked}
    unread = {each for each, it in found.items() if (it.topic, it.partition, it.offset) in quarantined}
    applied = {each for each, it in found.items() if (it.epoch, it.sequence) <= marks.get(key_of(it), (0, 0))} - waiting
    right = {"applied": len(applied - unread), "parked": len(waiting), "quarantined": len(unread)}
    return Equation("settled", district, day, len(found), right, sorted(found.keys() - applied - waiting - unread))


class Reconciler:
    """`equations` is asked for every district and for today: each returns one Equation."""

    def __init__(
        self, districts: Callable[[], Iterable[str]], equations: Sequence[Callable[[str, date], Equation]]
    ) -> None:
        self._districts, self._equations = districts, equations
        self._missing: dict[tuple[str, str], frozenset[UUID]] = {}

    def run_once(self) -> Sequence[Equation]:
        today = datetime.now(_SHANGHAI).date()
        found = [equation(district, today) for district in self._districts() for equation in self._equations]
        for each in found:
            self._judge(each)
        return found

    def run_forever(self, stop: threading.Event) -> None:
        while not stop.wait(_EVERY_SECONDS):
            self.run_once()

    def _judge(self, equation: Equation) -> None:
        place = (equation.name, equation.district)
        still = self._missing.get(place, frozenset()) & frozenset(equation.missing)
        self._missing[place] = frozenset(equation.missing)
        metrics.UNRECONCILED.labels(*place).set(len(still))
        if still:
            _log.error("events are missing", equation=str(equation), ids=[str(each) for each in sorted(still)[:_NAMED]])


def districts(engine: Engine) -> Sequence[str]:
    """Those with anything in the journal. For the mechanism role."""
    with engine.connect() as connection:
        return list(connection.execute(text("select distinct district from event_keys order by district")).scalars())


def consumed_districts(engine: Engine) -> Sequence[str]:
    with database.reading(engine, granted=[database.EVERY]) as tx:
        return list(tx.connection.execute(text("select distinct district from inbox order by district")).scalars())


def _messages(reader: Reader, names: Sequence[str], since: datetime) -> Iterable[Message]:
    for record in reader.read(names, since=since - _SLACK):
        if isinstance(record, Message):
            yield record


def _bounds(day: date) -> tuple[datetime, datetime]:
    since = datetime.combine(day, time(), tzinfo=_SHANGHAI)
    return since.astimezone(UTC), (since + timedelta(days=1)).astimezone(UTC)


def _said_at(message: Message) -> datetime:
    return datetime.fromisoformat(message.headers["time"])

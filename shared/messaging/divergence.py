"""Two events under one number: found by comparing what the topic holds, shown to a person, parked until the person decides.

    consumer: a lower number came again ─▶ doubted ─▶ reconciler: the same event, or another one? ─▶ nothing, or parked as `diverged`

The inbox knows the id of the newest number of a key only. For a lower number the topic itself is read from its beginning, which happens
only when a number came twice: after a crash of a relay, or when another client writes.
Invariant: the event that came first, unless a decision passes it over, is ours; the others wait, and their key with them.
Left to others: the same number as the newest (inbox.judge), the decision (decisions.py, redrive.py).
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from re import escape
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Engine, text

from shared.events import topics
from shared.messaging import decisions, inbox, parking
from shared.messaging.applying import Parked, log_parked
from shared.messaging.conservation import Equation, Place, place_of
from shared.messaging.inbox import Key, key_of
from shared.messaging.ports import Message, Reader
from shared.service.database import Transaction

_BEGINNING = datetime.fromtimestamp(0, UTC)
_DOUBTED = text("""
    select topic, key, epoch, sequence from doubted
    where consumer = :consumer and topic = (select min(topic) from doubted where consumer = :consumer) limit 10000
""")
_SETTLED = text("""
    delete from doubted using unnest(cast(:keys as text[]), cast(:epochs as int[]), cast(:sequences as bigint[]))
        as settled (key, epoch, sequence)
    where consumer = :consumer and topic = :topic
      and (doubted.key, doubted.epoch, doubted.sequence) = (settled.key, settled.epoch, settled.sequence)
""")


class Number(NamedTuple):
    """The number of an event within one topic."""

    key: str
    epoch: int
    sequence: int


class Doubts:
    """A hop of the reconciler. `engine` is the mechanism role's; `history` makes readers that begin at the first record."""

    def __init__(self, consumer: str, engine: Engine, history: Callable[[], Reader]) -> None:
        self._consumer, self._engine, self._history = consumer, engine, history

    def count(self, since: datetime) -> Sequence[Equation]:  # noqa: ARG002 - doubted numbers are settled whatever their age
        """Settles the doubted numbers, topic by topic. Raises Unavailable."""
        found: list[Equation] = []
        while doubted := self._doubted():
            topic, numbers = doubted
            found.extend(self._settle(topic, held_by(self._history(), topic, numbers)))
        return found

    def _doubted(self) -> tuple[str, set[Number]] | None:
        with self._engine.connect() as connection:
            rows = connection.execute(_DOUBTED, {"consumer": self._consumer}).all()
        return (rows[0].topic, {Number(*row[1:]) for row in rows}) if rows else None

    def _settle(self, topic: str, held: Mapping[Number, Sequence[Message]]) -> Sequence[Equation]:
        district, parked = topics.district(topic), list[Parked]()
        with self._engine.begin() as connection:
            tx = Transaction(connection, district)
            inbox.share(tx)
            for number, messages in held.items():
                parked.extend(self._park(tx, number, messages))
            columns = {name: [getattr(place, name[:-1]) for place in held] for name in ("keys", "epochs", "sequences")}
            connection.execute(_SETTLED, {"consumer": self._consumer, "topic": topic, **columns})
        for row in parked:
            log_parked(self._consumer, row)
        return _equations([message for messages in held.values() for message in messages[1:]], parked)

    def _park(self, tx: Transaction, number: Number, messages: Sequence[Message]) -> Iterator[Parked]:
        """Parks every event with this number but the one that was applied."""
        if len({message.event_id for message in messages}) < 2:  # noqa: PLR2004 - one event, however often
            return
        key = key_of(messages[0])
        mark = inbox.lock(tx, self._consumer, [key])[key]
        ids = [message.event_id for message in messages]
        passed_over = decisions.passed_over(tx, self._consumer, ids)
        left = [message for message in messages if message.event_id not in passed_over]
        newest = mark.last_event_id if (mark.epoch, mark.last_sequence) == number[1:] else None
        ours = newest or (left[0].event_id if left else None)
        for message in _by_id(left, without=ours):
            parking.park(tx, self._consumer, message, reason=parking.DIVERGED, ours=ours)
            mark = replace(mark, parked=True)
            yield Parked(message, parking.DIVERGED, ours)
        inbox.move(tx, self._consumer, {key: mark})


def held_by(reader: Reader, topic: str, numbers: Collection[Number]) -> dict[Number, list[Message]]:
    """The messages on the topic under each of these numbers, in the order of arrival. Raises Unavailable."""
    found: dict[Number, list[Message]] = {number: [] for number in numbers}
    for record in reader.read(f"^{escape(topic)}$", since=_BEGINNING):
        if isinstance(record, Message) and (number := Number(record.key, record.epoch, record.sequence)) in found:
            found[number].append(record)
    return found


def compared(reader: Reader, key: Key, waiting: Sequence[parking.Waiting]) -> Iterator[str]:
    """Lines for a person: under each number, ours and theirs as the topic holds them. Never a payload. Raises Unavailable."""
    numbers = {Number(key.key, it.message.epoch, it.message.sequence): it.ours for it in waiting if it.ours}
    for (_, epoch, sequence), messages in sorted(held_by(reader, key.topic, numbers).items()):
        yield f"{key.topic} {key.key} {epoch}/{sequence}"
        ours = numbers[Number(key.key, epoch, sequence)]
        for message in _by_id(messages):
            whose = "ours" if message.event_id == ours else "theirs"
            digest = hashlib.sha256(message.payload or b"").hexdigest()
            place = f"partition {message.partition} offset {message.offset}"
            yield f"    {whose:6} {message.event_id} {message.headers['time']} {message.type} sha256:{digest} {place}"


def _by_id(messages: Sequence[Message], *, without: UUID | None = None) -> list[Message]:
    first = {message.event_id: message for message in reversed(messages) if message.event_id != without}
    return [message for message in messages if first.get(message.event_id) is message]


def _equations(again: Sequence[Message], parked: Sequence[Parked]) -> Sequence[Equation]:
    """The equation `numbers`: messages under a number already taken = the same event + diverged."""
    came: Counter[Place] = Counter(map(place_of, again))
    diverged: Counter[Place] = Counter(place_of(row.message) for row in parked)
    return [
        Equation("numbers", place, count, {"the same event": count - diverged[place], "diverged": diverged[place]})
        for place, count in sorted(came.items())
    ]

"""The inbox: how far a consumer has come with each key.

Invariant: an event has its effect once and in its key's order, because the watermark moves in the transaction of the
effect. The watermark is what has been applied with nothing missing below it, never what has been seen. A consumer that was
declared dead and wakes up finds it ahead of its own messages and applies none of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple
from uuid import UUID

from sqlalchemy import text

from shared.events import topics
from shared.messaging.ports import Message
from shared.service.database import Transaction

Verdict = Literal["next", "repeat", "behind", "gap", "epoch", "diverged"]


class Key(NamedTuple):
    topic: str
    key: str


@dataclass(frozen=True)
class Watermark:
    """What was applied last. `parked`: an earlier event of this key waits in parking.py, so the later ones queue behind it."""

    epoch: int
    last_sequence: int
    last_event_id: UUID | None
    parked: bool

    def reached(self, message: Message) -> "Watermark":
        return Watermark(message.epoch, message.sequence, message.event_id, self.parked)


# Locked in one order by everyone: two consumers that share keys during a rebalance wait for each other, never deadlock.
_LOCK = text("""
    insert into inbox (consumer, topic, key, district)
    select :consumer, topic, key, :district
    from unnest(cast(:topics as text[]), cast(:keys as text[])) as polled (topic, key) order by topic, key
    on conflict (consumer, topic, key) do update set last_sequence = inbox.last_sequence
    returning topic, key, epoch, last_sequence, last_event_id, parked
""")
# Every transaction that writes tables of this schema shares this lock; a rebuild that swaps schemas takes it alone. It
# comes before the first statement that names a table, so that every name is looked up after the swap.
_SHARE = text("select pg_advisory_xact_lock_shared(hashtext('swap'), hashtext(current_schema()))")
_MOVE = text("""
    update inbox set epoch = reached.epoch, last_sequence = reached.sequence, last_event_id = reached.event_id, parked = reached.parked
    from unnest(cast(:topics as text[]), cast(:keys as text[]), cast(:epochs as int[]), cast(:sequences as bigint[]),
                cast(:event_ids as uuid[]), cast(:parked as boolean[]))
        as reached (topic, key, epoch, sequence, event_id, parked)
    where inbox.consumer = :consumer and inbox.topic = reached.topic and inbox.key = reached.key
""")
_DISTRICTS = text("select distinct district from inbox where consumer = :consumer")
_JUDGED = text("""
    select topic, partition, next_offset from positions where consumer = :consumer and topic = any(:topics)
""")
_REACH = text("""
    insert into positions (consumer, topic, partition, next_offset, district)
    select :consumer, topic, partition, next_offset, :district
    from unnest(cast(:topics as text[]), cast(:partitions as int[]), cast(:offsets as bigint[]))
        as polled (topic, partition, next_offset) order by topic, partition
    on conflict (consumer, topic, partition) do update
        set next_offset = greatest(positions.next_offset, excluded.next_offset)
""")
_DOUBT = text("""
    insert into doubted (consumer, topic, partition, "offset", key, epoch, sequence, district)
    values (:consumer, :topic, :partition, :offset, :key, :epoch, :sequence, :district)
    on conflict (consumer, topic, partition, "offset") do nothing
""")


def districts(tx: Transaction, consumer: str) -> Sequence[str]:
    """The districts from which anything was ever polled."""
    return list(tx.connection.execute(_DISTRICTS, {"consumer": consumer}).scalars())


def key_of(message: Message) -> Key:
    return Key(message.topic, message.key)


def share(tx: Transaction) -> None:
    """Call it first in a transaction that writes here: it keeps a rebuild from swapping the tables."""
    tx.connection.execute(_SHARE)


def lock(tx: Transaction, consumer: str, keys: Iterable[Key]) -> dict[Key, Watermark]:
    named = {"consumer": consumer, "district": tx.district, **_columns(sorted(set(keys)))}
    return {Key(row.topic, row.key): Watermark(*row[2:]) for row in tx.connection.execute(_LOCK, named)}


def move(tx: Transaction, consumer: str, marks: Mapping[Key, Watermark]) -> None:
    reached = list(marks.values())
    tx.connection.execute(
        _MOVE,
        {
            "consumer": consumer,
            **_columns(marks),
            "epochs": [mark.epoch for mark in reached],
            "sequences": [mark.last_sequence for mark in reached],
            "event_ids": [mark.last_event_id for mark in reached],
            "parked": [mark.parked for mark in reached],
        },
    )


def judged(tx: Transaction, consumer: str, topics_: Iterable[str]) -> dict[tuple[str, int], int]:
    """By topic and partition, the first offset that was never judged. Read after `lock`."""
    rows = tx.connection.execute(_JUDGED, {"consumer": consumer, "topics": list(topics_)})
    return {(row.topic, row.partition): row.next_offset for row in rows}


def reach(tx: Transaction, consumer: str, polled: Mapping[tuple[str, int], int]) -> None:
    """Records that everything below these offsets has been judged."""
    columns = {
        "topics": [topic for topic, _ in polled],
        "partitions": [partition for _, partition in polled],
        "offsets": list(polled.values()),
    }
    tx.connection.execute(_REACH, {"consumer": consumer, "district": tx.district, **columns})


def doubt(tx: Transaction, consumer: str, repeats: Sequence[Message]) -> None:
    """Notes numbers that came a second time, below the mark: divergence.py finds out whether they are the same events."""
    for message in repeats:
        place = {"topic": message.topic, "partition": message.partition, "offset": message.offset, "key": message.key}
        number = {"epoch": message.epoch, "sequence": message.sequence}
        tx.connection.execute(_DOUBT, {"consumer": consumer, "district": tx.district, **place, **number})


def judge(mark: Watermark, message: Message) -> Verdict:
    """The verdict on a message, for a key whose watermark is `mark`.

    `diverged`: another event was applied under this number. The mark does not know the ids of lower numbers: those are repeats here, and
    divergence.py compares them with the topic.

    A higher epoch than the mark's means that the source was restored. Its next number goes on. A number that was applied already
    now belongs to another event, and a person decides. A person also decides when a lower epoch goes on: somebody still writes
    in the old database.
    """
    applied, offered = (mark.epoch, mark.last_sequence), (message.epoch, message.sequence)
    if topics.kind(message.topic).ordering == "latest":
        return "next" if offered > applied else "repeat"
    if message.epoch <= mark.epoch and message.sequence <= mark.last_sequence:
        known = mark.last_event_id or message.event_id  # None after a person has let a new epoch go on
        return "diverged" if applied == offered and message.event_id != known else "repeat"
    if message.epoch < mark.epoch or message.sequence <= mark.last_sequence:
        return "epoch"
    if mark.parked:
        return "behind"
    return "next" if message.sequence == mark.last_sequence + 1 else "gap"


def _columns(keys: Iterable[Key]) -> dict[str, list[str]]:
    pairs = list(keys)
    return {"topics": [pair.topic for pair in pairs], "keys": [pair.key for pair in pairs]}

"""The inbox: how far a consumer has come with each key.

Stays true: an event has its effect once and in its key's order, because the watermark moves in the transaction of the
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

Verdict = Literal["next", "repeat", "behind", "gap", "epoch"]


class Key(NamedTuple):
    topic: str
    key: str


class Diverged(Exception):  # noqa: N818 - names the state found
    """Two events claim one number in one epoch: the source was restored without a new epoch. Nothing here can be trusted."""


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
# Whoever changes the tables of this schema shares this; a rebuild that swaps schemas (rebuild.py) takes it alone. It
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


def districts(tx: Transaction, consumer: str) -> Sequence[str]:
    """Those that anything was ever polled of."""
    return list(tx.connection.execute(_DISTRICTS, {"consumer": consumer}).scalars())


def key_of(message: Message) -> Key:
    return Key(message.topic, message.key)


def share(tx: Transaction) -> None:
    """Before anything else in a transaction that writes here: keeps a rebuild from swapping the tables underneath."""
    tx.connection.execute(_SHARE)


def lock(tx: Transaction, consumer: str, keys: Iterable[Key]) -> dict[Key, Watermark]:
    named = {"consumer": consumer, "district": tx.district, **_columns(sorted(set(keys)))}
    rows = tx.connection.execute(_LOCK, named)
    return {Key(row.topic, row.key): Watermark(*row[2:]) for row in rows}


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


def judge(mark: Watermark, message: Message) -> Verdict:
    """What a message is to a key that has come as far as `mark`. Raises Diverged.

    A higher epoch than the mark's means that the source was restored: its next number goes on, a number that was applied
    already stands for another event now, and a person decides. So does a lower epoch that goes on: someone still writes in
    the old database.
    """
    here, there = (mark.epoch, mark.last_sequence), (message.epoch, message.sequence)
    if topics.kind(message.topic).ordering == "latest":
        return "next" if there > here else "repeat"
    if message.epoch <= mark.epoch and message.sequence <= mark.last_sequence:
        if here == there and message.event_id != mark.last_event_id:
            raise Diverged(
                f"{message.topic} {message.key} {message.sequence}: {mark.last_event_id}, now {message.event_id}"
            )
        return "repeat"
    if message.epoch < mark.epoch or message.sequence <= mark.last_sequence:
        return "epoch"
    if mark.parked:
        return "behind"
    return "next" if message.sequence == mark.last_sequence + 1 else "gap"


def _columns(keys: Iterable[Key]) -> dict[str, list[str]]:
    pairs = list(keys)
    return {"topics": [each.topic for each in pairs], "keys": [each.key for each in pairs]}

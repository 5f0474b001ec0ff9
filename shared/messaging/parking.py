"""Parking: where a key waits when one of its events cannot be applied. Not a dead-letter queue: nothing overtakes.

Invariant: `inbox.parked` says whether anything of a key waits. Both change only under the lock of the key's inbox row, which
consumer and redrive take first. What has been released stays as a row, as proof of what waited, why and how it ended;
retention.py trims its body.

A parked event that is `diverged` has a number under which another event was applied (`ours`). Only a person's decision frees it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import text

from shared.messaging.inbox import Key
from shared.messaging.ports import Message
from shared.service.database import Transaction

DIVERGED: Final = "diverged"

# A parked event that comes again changes nothing. The watermark has not moved, so only this insert recognises the repeat.
_PARK = text("""
    insert into parked (consumer, topic, key, epoch, sequence, event_id, type, headers, payload, reason, ours, district)
    values (:consumer, :topic, :key, :epoch, :sequence, :event_id, :type, :headers, :payload, :reason, :ours, :district)
    on conflict (consumer, topic, key, epoch, sequence, event_id) do nothing
""")
_WAITING = text("""
    select event_id, topic, key, sequence, type, payload, headers, reason, ours from parked
    where consumer = :consumer and topic = :topic and key = :key and released_at is null
    order by epoch, sequence, parked_at limit :batch
""")
_RELEASE = text("""
    update parked set released_at = clock_timestamp(), outcome = :outcome
    where consumer = :consumer and topic = :topic and key = :key and epoch = :epoch and sequence = :sequence and event_id = :event_id
      and released_at is null
""")
_SUPERSEDE = text("""
    update parked set released_at = clock_timestamp(), outcome = 'superseded'
    where consumer = :consumer and topic = :topic and key = :key and (epoch, sequence) < (:epoch, :sequence) and released_at is null
""")
_ANY = text("""
    select exists (select from parked where consumer = :consumer and topic = :topic and key = :key and released_at is null)
""")
_BLAME = text("""
    update parked set reason = :reason, ours = :ours
    where consumer = :consumer and topic = :topic and key = :key and epoch = :epoch and sequence = :sequence and event_id = :event_id
""")
# Keys whose missing event has arrived since: no person is needed. A key behind a rejected event is not among them.
_HEALED = text("""
    select topic, key from inbox join lateral (
        select epoch, sequence, reason from parked
        where (consumer, topic, key) = (inbox.consumer, inbox.topic, inbox.key) and released_at is null
        order by epoch, sequence, parked_at limit 1) as first on true
    where consumer = :consumer and inbox.district = :district and inbox.parked
      and first.sequence = last_sequence + 1 and reason in ('gap', 'behind', 'requeued')
    order by topic, key limit :batch
""")
_KEYS = text("""
    select distinct topic, key from parked
    where consumer = :consumer and released_at is null
      and (cast(:topic as text) is null or topic = :topic) and (cast(:key as text) is null or key = :key)
    order by topic, key limit :batch
""")
_FIRST = text("""
    select * from (
        select distinct on (topic, key) district, topic, key, type, event_id, epoch, sequence, reason, ours,
               cast(headers ->> 'time' as timestamptz) as sent_at, min(parked_at) over (partition by topic, key) as parked_at,
               count(*) over (partition by topic, key) - 1 as behind
        from parked where consumer = :consumer and released_at is null
        order by topic, key, epoch, sequence, parked.parked_at) as first
    order by parked_at, topic, key limit :batch
""")
COUNTS = text("""
    select district, count(*) as waiting, count(*) filter (where reason = 'diverged') as diverged from parked
    where consumer = :consumer and released_at is null group by district
""")
_UNCOUNTED = text("""
    select distinct district from parked where consumer = :consumer and outcome = 'applied' and counted_at is null
""")
_COUNT = text("""
    update parked set counted_at = clock_timestamp()
    where consumer = :consumer and district = :district and outcome = 'applied' and counted_at is null
""")


class Count(NamedTuple):
    district: str
    waiting: int
    diverged: int


class Parked(NamedTuple):
    """A key that waits, by its first event. `parked_at`: of the one that has waited longest; `behind`: how many wait after the first."""

    district: str
    topic: str
    key: str
    type: str
    event_id: UUID
    epoch: int
    sequence: int
    reason: str
    ours: UUID | None
    sent_at: datetime
    parked_at: datetime
    behind: int


class Waiting(NamedTuple):
    message: Message
    reason: str
    ours: UUID | None


def park(tx: Transaction, consumer: str, message: Message, *, reason: str, ours: UUID | None = None) -> None:
    details = {"reason": reason, "ours": ours, "district": tx.district}
    tx.connection.execute(_PARK, {**_place(consumer, message), **_body(message), **details})


def waiting(tx: Transaction, consumer: str, key: Key, *, batch: int) -> Sequence[Waiting]:
    rows = tx.connection.execute(_WAITING, {"consumer": consumer, **key._asdict(), "batch": batch})
    return [Waiting(Message(*row[:7]), row.reason, row.ours) for row in rows]


def release(tx: Transaction, consumer: str, message: Message, *, outcome: str) -> None:
    tx.connection.execute(_RELEASE, {**_place(consumer, message), "outcome": outcome})


def supersede(tx: Transaction, consumer: str, message: Message) -> None:
    """On a `latest` topic: releases the events of the key that wait below this message."""
    tx.connection.execute(_SUPERSEDE, _place(consumer, message))


def any_of(tx: Transaction, consumer: str, key: Key) -> bool:
    return bool(tx.connection.execute(_ANY, {"consumer": consumer, **key._asdict()}).scalar_one())


def blame(tx: Transaction, consumer: str, message: Message, *, reason: str, ours: UUID | None = None) -> None:
    tx.connection.execute(_BLAME, {**_place(consumer, message), "reason": reason, "ours": ours})


def healed(tx: Transaction, consumer: str, *, batch: int = 100) -> Sequence[Key]:
    found = {"consumer": consumer, "district": tx.district, "batch": batch}
    return [Key(*row) for row in tx.connection.execute(_HEALED, found)]


def keys(tx: Transaction, consumer: str, *, topic: str | None, key: str | None, batch: int = 1000) -> Sequence[Key]:
    """The keys with a parked event, narrowed by topic and key where given."""
    found = {"consumer": consumer, "topic": topic, "key": key, "batch": batch}
    return [Key(*row) for row in tx.connection.execute(_KEYS, found)]


def first(tx: Transaction, consumer: str, *, batch: int) -> Sequence[Parked]:
    """The keys that wait, in all districts that the transaction sees; who has waited longest comes first."""
    return [Parked(*row) for row in tx.connection.execute(_FIRST, {"consumer": consumer, "batch": batch})]


def counts(tx: Transaction, consumer: str) -> Sequence[Count]:
    return [Count(*row) for row in tx.connection.execute(COUNTS, {"consumer": consumer})]


def uncounted(tx: Transaction, consumer: str) -> Sequence[str]:
    """Districts in which an event was applied out of parking and is not counted yet."""
    return list(tx.connection.execute(_UNCOUNTED, {"consumer": consumer}).scalars())


def count_applied(tx: Transaction, consumer: str) -> int:
    """How many events were applied out of parking since the last call, by any process."""
    return tx.connection.execute(_COUNT, {"consumer": consumer, "district": tx.district}).rowcount


def _place(consumer: str, message: Message) -> dict[str, object]:
    return {
        "event_id": message.event_id,
        "consumer": consumer,
        "topic": message.topic,
        "key": message.key,
        "epoch": message.epoch,
        "sequence": message.sequence,
    }


def _body(message: Message) -> dict[str, object]:
    return {"type": message.type, "headers": Jsonb(dict(message.headers)), "payload": message.payload}

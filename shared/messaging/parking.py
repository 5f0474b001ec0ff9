"""Parking: where a key waits when one of its events cannot be applied. Not a dead-letter queue: nothing overtakes.

Stays true: `inbox.parked` says whether anything of a key waits. Both change only under the lock of the key's inbox row, which
consumer and redrive take first. What has been released stays as a row, as proof of what waited, why and how it ended;
retention.py trims its body.
"""

from collections.abc import Sequence
from typing import NamedTuple

from psycopg.types.json import Jsonb
from sqlalchemy import text

from shared.messaging.inbox import Key
from shared.messaging.ports import Message
from shared.service.database import Transaction

# A repeat of what already waits here is no news: its watermark has not moved, so it is not recognised before this
# point.
_PARK = text("""
    insert into parked (consumer, topic, key, epoch, sequence, event_id, type, headers, payload, reason, district)
    values (:consumer, :topic, :key, :epoch, :sequence, :event_id, :type, :headers, :payload, :reason, :district)
    on conflict (consumer, topic, key, epoch, sequence) do nothing
""")
_WAITING = text("""
    select event_id, topic, key, sequence, type, payload, headers from parked
    where consumer = :consumer and topic = :topic and key = :key and released_at is null order by epoch, sequence limit :batch
""")
_RELEASE = text("""
    update parked set released_at = clock_timestamp(), outcome = :outcome
    where consumer = :consumer and topic = :topic and key = :key and epoch = :epoch and sequence = :sequence and released_at is null
""")
_SUPERSEDE = text("""
    update parked set released_at = clock_timestamp(), outcome = 'superseded'
    where consumer = :consumer and topic = :topic and key = :key and (epoch, sequence) < (:epoch, :sequence) and released_at is null
""")
_ANY = text("""
    select exists (select from parked where consumer = :consumer and topic = :topic and key = :key and released_at is null)
""")
_BLAME = text("""
    update parked set reason = :reason
    where consumer = :consumer and topic = :topic and key = :key and epoch = :epoch and sequence = :sequence
""")
# Keys whose missing event has arrived since: no person is needed. A key behind a rejected event is not among them.
_HEALED = text("""
    select topic, key from inbox join lateral (
        select epoch, sequence, reason from parked
        where (consumer, topic, key) = (inbox.consumer, inbox.topic, inbox.key) and released_at is null
        order by epoch, sequence limit 1) as first on true
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
_COUNTS = text(
    "select district, count(*) from parked where consumer = :consumer and released_at is null group by district"
)


class Count(NamedTuple):
    district: str
    waiting: int


def park(tx: Transaction, consumer: str, message: Message, *, reason: str) -> None:
    tx.connection.execute(
        _PARK, {**_place(consumer, message), **_body(message), "reason": reason, "district": tx.district}
    )


def waiting(tx: Transaction, consumer: str, key: Key, *, batch: int) -> Sequence[Message]:
    rows = tx.connection.execute(_WAITING, {"consumer": consumer, **key._asdict(), "batch": batch})
    return [Message(*row) for row in rows]


def release(tx: Transaction, consumer: str, message: Message, *, outcome: str) -> None:
    tx.connection.execute(_RELEASE, {**_place(consumer, message), "outcome": outcome})


def supersede(tx: Transaction, consumer: str, message: Message) -> None:
    """On a `latest` topic: whatever of the key waits below this message no longer matters."""
    tx.connection.execute(_SUPERSEDE, _place(consumer, message))


def any_of(tx: Transaction, consumer: str, key: Key) -> bool:
    return bool(tx.connection.execute(_ANY, {"consumer": consumer, **key._asdict()}).scalar_one())


def blame(tx: Transaction, consumer: str, message: Message, *, reason: str) -> None:
    tx.connection.execute(_BLAME, {**_place(consumer, message), "reason": reason})


def healed(tx: Transaction, consumer: str, *, batch: int = 100) -> Sequence[Key]:
    found = {"consumer": consumer, "district": tx.district, "batch": batch}
    return [Key(*row) for row in tx.connection.execute(_HEALED, found)]


def keys(tx: Transaction, consumer: str, *, topic: str | None, key: str | None, batch: int = 1000) -> Sequence[Key]:
    """The keys of which anything waits, narrowed by topic and key where given."""
    found = {"consumer": consumer, "topic": topic, "key": key, "batch": batch}
    return [Key(*row) for row in tx.connection.execute(_KEYS, found)]


def counts(tx: Transaction, consumer: str) -> Sequence[Count]:
    return [Count(*row) for row in tx.connection.execute(_COUNTS, {"consumer": consumer})]


def _place(consumer: str, message: Message) -> dict[str, object]:
    return {
        "consumer": consumer,
        "topic": message.topic,
        "key": message.key,
        "epoch": message.epoch,
        "sequence": message.sequence,
    }


def _body(message: Message) -> dict[str, object]:
    return {
        "event_id": message.event_id,
        "type": message.type,
        "headers": Jsonb(dict(message.headers)),
        "payload": message.payload,
    }

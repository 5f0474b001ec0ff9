"""Quarantine: records that cannot be read at all, kept by topic, partition and offset until an upgrade can read them.

Invariant: nothing that the broker handed over is dropped. The key of a quarantined event, where it has one, waits through the gap.
Left to others: reading what was requeued (redrive.py).
"""

from collections.abc import Sequence
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import Row, text

from shared.events import envelope
from shared.messaging.ports import Message, Unreadable
from shared.service.database import Transaction

_KEEP = text("""
    insert into quarantined (consumer, topic, partition, "offset", key, headers, value, reason, district)
    values (:consumer, :topic, :partition, :offset, :key, :headers, :value, :reason, :district)
    on conflict (consumer, topic, partition, "offset") do nothing
""")
_WAITING = text("""
    select topic, partition, "offset", key, headers, value, reason from quarantined
    where consumer = :consumer and district = :district and released_at is null
      and (cast(:topic as text) is null or topic = :topic)
    order by topic, partition, "offset" limit :batch for update
""")
_RELEASE = text("""
    update quarantined set released_at = clock_timestamp(), outcome = :outcome
    where consumer = :consumer and topic = :topic and partition = :partition and "offset" = :offset
""")


def keep(tx: Transaction, consumer: str, record: Unreadable) -> None:
    headers = [[_escaped(name.encode()), None if value is None else _escaped(value)] for name, value in record.headers]
    kept = {**record._asdict(), "headers": Jsonb(headers), "consumer": consumer, "district": tx.district}
    tx.connection.execute(_KEEP, kept)


def waiting(tx: Transaction, consumer: str, *, topic: str | None, batch: int) -> Sequence[Unreadable]:
    found = {"consumer": consumer, "district": tx.district, "topic": topic, "batch": batch}
    return [_record(row) for row in tx.connection.execute(_WAITING, found)]


def release(tx: Transaction, consumer: str, record: Unreadable, *, outcome: str) -> None:
    place = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
    tx.connection.execute(_RELEASE, {"consumer": consumer, **place, "outcome": outcome})


def _record(row: Row[tuple[Any, ...]]) -> Unreadable:
    headers = [(_plain(name).decode(), None if value is None else _plain(value)) for name, value in row.headers]
    return Unreadable(row.topic, row.partition, row.offset, row.key, headers, row.value, row.reason)


def unreadable(message: Message, reason: str) -> Unreadable:
    """A message that this code cannot read, as the record that it came as."""
    headers = envelope.encode(message)
    return Unreadable(
        message.topic, message.partition, message.offset, message.key.encode(), headers, message.payload, reason
    )


# jsonb takes neither bytes that are no UTF-8 nor a zero character.
def _escaped(value: bytes) -> str:
    return value.decode("latin-1").encode("unicode_escape").decode("ascii")


def _plain(value: str) -> bytes:
    return value.encode("ascii").decode("unicode_escape").encode("latin-1")

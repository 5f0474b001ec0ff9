"""The exchange log: every public and internal event that reporting has applied, whether granted to somebody today or not.

Invariant: a district's log numbers are 1, 2, 3 … without a gap and in commit order, as those of the feed. An event stands in an epoch
once, with the feed number under which the wall shows it. No restricted event is ever in it. It is a record, not a read model:
append-only, and a rebuild does not touch it unless it is to fill a new epoch (workers/filling.py). Left to others: who may read what
(filters are applied when it is read).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, text

from shared.events import topics
from shared.messaging.ports import Message
from shared.service import journal
from shared.service.database import Transaction

_COLUMNS = "feed_number, event_id, topic, key, sequence, type, headers, payload"
_GIVEN = f"""unnest(
    cast(:feed_numbers as bigint[]), cast(:event_ids as uuid[]), cast(:topics as text[]), cast(:keys as text[]),
    cast(:sequences as bigint[]), cast(:types as text[]), cast(:headers as jsonb[]), cast(:payloads as bytea[]))
    with ordinality as entry ({_COLUMNS}, place)"""
_APPEND = text(f"""
    with counted as (
        insert into exchange_numbers (district, last_number) values (:district, :count)
        on conflict (district) do update set last_number = exchange_numbers.last_number + excluded.last_number
        returning epoch, last_number)
    insert into exchange_log (district, epoch, number, {_COLUMNS})
    select :district, epoch, last_number - :count + place, {_COLUMNS} from counted, {_GIVEN}
""")  # noqa: S608 - constants
_NEXT_EPOCH = text(f"""
    select {journal.NEXT_EPOCH}
    from (select max(epoch) as epoch from exchange_numbers union all select max(epoch) from exchange_log union all select 0) as known
""")  # noqa: S608 - a constant
# There is one writer of an epoch that has not begun, so that the highest number is counter enough.
_FILL = text(f"""
    with reached as (
        select coalesce(max(number), 0) as last_number from exchange_log where district = :district and epoch = :epoch)
    insert into exchange_log (district, epoch, number, {_COLUMNS})
    select :district, :epoch, last_number + place, {_COLUMNS} from reached, {_GIVEN}
""")  # noqa: S608 - constants
_BEGIN = text("""
    insert into exchange_numbers (district, epoch, last_number, whole)
    select :district, :epoch, coalesce(max(number), 0), true from exchange_log where district = :district and epoch = :epoch
    on conflict (district) do update set epoch = excluded.epoch, last_number = excluded.last_number, whole = true
""")
_UNFILLED = text("select district from exchange_numbers where not whole order by district")
_DISTRICTS = text("select district from exchange_numbers order by district")
_CLOSE = text("update exchange_numbers set whole = false where district = :district")


class Entry(NamedTuple):
    """`feed_number`: that of the screens' change, or the one that stood when the event changed no screen."""

    feed_number: int
    message: Message


def append(tx: Transaction, entries: Sequence[Entry]) -> None:
    """Call it last in the transaction, after the feed: all appenders of a district queue here."""
    if leaving := _leaving(entries):
        tx.connection.execute(_APPEND, {"count": len(leaving), **_values(tx, leaving)})


def next_epoch(connection: Connection) -> int:
    """One that no entry has or had, also none of a filling that was given up, and none from after a backup that was restored."""
    return int(connection.execute(_NEXT_EPOCH).scalar_one())


def fill(tx: Transaction, epoch: int, entries: Sequence[Entry]) -> None:
    """Appends to an epoch that has not begun; nobody reads it, and the log goes on beside it."""
    if leaving := _leaving(entries):
        tx.connection.execute(_FILL, {"epoch": epoch, **_values(tx, leaving)})


def begin_epoch(tx: Transaction, epoch: int) -> None:
    """From now on the district's log is what was filled under this epoch. No appender may be under way."""
    tx.connection.execute(_BEGIN, {"district": tx.district, "epoch": epoch})


def unfilled(tx: Transaction) -> Sequence[str]:
    """The districts whose log lacks its beginning."""
    return list(tx.connection.execute(_UNFILLED).scalars())


def districts(tx: Transaction) -> Sequence[str]:
    return list(tx.connection.execute(_DISTRICTS).scalars())


def close(tx: Transaction) -> None:
    """Nobody reads the district's log until it begins anew: neither the feed, nor a snapshot, nor webhooks."""
    tx.connection.execute(_CLOSE, {"district": tx.district})


def _leaving(entries: Sequence[Entry]) -> Sequence[Entry]:
    return [entry for entry in entries if topics.kind(entry.message.topic).audience != "restricted"]


def _values(tx: Transaction, entries: Sequence[Entry]) -> dict[str, Any]:
    messages = [entry.message for entry in entries]
    return {
        "district": tx.district,
        "feed_numbers": [entry.feed_number for entry in entries],
        "event_ids": [message.event_id for message in messages],
        "topics": [message.topic for message in messages],
        "keys": [message.key for message in messages],
        "sequences": [message.sequence for message in messages],
        "types": [message.type for message in messages],
        "headers": [Jsonb(dict(message.headers)) for message in messages],
        "payloads": [message.payload for message in messages],
    }

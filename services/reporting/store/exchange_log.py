"""The exchange log: every public and internal event that reporting has applied, whether granted to somebody today or not.

Invariant: a district's log numbers are 1, 2, 3 … without a gap and in commit order, as those of the feed. An event stands in an epoch
once, with the feed number under which the wall shows it. No restricted event is ever in it. It is a record, not a read model:
append-only, and a rebuild does not touch it. Left to others: who may read what (filters are applied when it is read).
"""

from collections.abc import Sequence
from typing import NamedTuple

from psycopg.types.json import Jsonb
from sqlalchemy import text

from shared.events import topics
from shared.messaging.ports import Message
from shared.service.database import Transaction

_APPEND = text("""
    with counted as (
        insert into exchange_numbers (district, last_number) values (:district, :count)
        on conflict (district) do update set last_number = exchange_numbers.last_number + excluded.last_number
        returning epoch, last_number)
    insert into exchange_log (district, epoch, number, feed_number, event_id, topic, key, sequence, type, headers, payload)
    select :district, epoch, last_number - :count + place, feed_number, event_id, topic, key, sequence, type, headers, payload
    from counted, unnest(
        cast(:feed_numbers as bigint[]), cast(:event_ids as uuid[]), cast(:topics as text[]), cast(:keys as text[]),
        cast(:sequences as bigint[]), cast(:types as text[]), cast(:headers as jsonb[]), cast(:payloads as bytea[]))
        with ordinality as entry (feed_number, event_id, topic, key, sequence, type, headers, payload, place)
""")


class Entry(NamedTuple):
    """`feed_number`: that of the screens' change, or the one that stood when the event changed no screen."""

    feed_number: int
    message: Message


def append(tx: Transaction, entries: Sequence[Entry]) -> None:
    """Call it last in the transaction, after the feed: all appenders of a district queue here."""
    leaving = [entry for entry in entries if topics.kind(entry.message.topic).audience != "restricted"]
    if not leaving:
        return
    messages = [entry.message for entry in leaving]
    tx.connection.execute(
        _APPEND,
        {
            "district": tx.district,
            "count": len(leaving),
            "feed_numbers": [entry.feed_number for entry in leaving],
            "event_ids": [message.event_id for message in messages],
            "topics": [message.topic for message in messages],
            "keys": [message.key for message in messages],
            "sequences": [message.sequence for message in messages],
            "types": [message.type for message in messages],
            "headers": [Jsonb(dict(message.headers)) for message in messages],
            "payloads": [message.payload for message in messages],
        },
    )

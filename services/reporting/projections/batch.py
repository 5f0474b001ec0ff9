"""A batch of messages of one type as rows for one statement."""

import json
from collections.abc import Mapping, Sequence

from sqlalchemy import TextClause

from shared.events import codec
from shared.events.contract import E
from shared.messaging.ports import Message
from shared.service.database import Transaction


def events(kind: type[E], messages: Sequence[Message]) -> list[E]:
    """In the order of arrival, which is the order of each key."""
    return [codec.decode(kind, message.payload, key=message.key) for message in messages]


def latest(kind: type[E], messages: Sequence[Message]) -> list[E]:
    """The last of each key, for what replaces its predecessor: one statement may touch a row once only."""
    return list({event.key: event for event in events(kind, messages)}.values())


def write(tx: Transaction, statement: TextClause, rows: Sequence[Mapping[str, object]]) -> None:
    """`statement` reads its rows from `jsonb_to_recordset(cast(:rows as jsonb))`."""
    if rows:
        tx.connection.execute(statement, {"district": tx.district, "rows": json.dumps(rows, default=str)})

"""A batch of events of one type as rows for one statement."""

import json
from collections.abc import Mapping, Sequence

from sqlalchemy import TextClause

from shared.events.contract import E
from shared.messaging.reactions import Batch
from shared.service.database import Transaction


def latest(batch: Batch[E]) -> list[E]:
    """The last of each key, for what replaces its predecessor: one statement may touch a row once only."""
    return list({event.key: event for event in batch.events}.values())


def write(tx: Transaction, statement: TextClause, rows: Sequence[Mapping[str, object]]) -> None:
    """`statement` reads its rows from `jsonb_to_recordset(cast(:rows as jsonb))`."""
    if rows:
        tx.connection.execute(statement, {"district": tx.district, "rows": json.dumps(rows, default=str)})

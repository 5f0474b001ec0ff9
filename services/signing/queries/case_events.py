"""The events of a case in signing's own journal, by the ids that the bus and every reader know them by."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from shared.events import topics
from shared.service.database import Transaction
from shared.telemetry import tracing

_EVENTS = text(
    "select event_id, type, headers from events where topic = :topic and key = cast(:unit_id as text) order by id"
)


@dataclass(frozen=True)
class CaseEvent:
    """`at` is the instant at which it was written; `type` names its page in the catalogue."""

    event_id: UUID
    type: str
    at: datetime
    trace_id: str | None


def of(tx: Transaction, district: str, unit_id: UUID) -> list[CaseEvent]:
    """In the order in which they were written."""
    place = {"topic": topics.name(district, "signing-case"), "unit_id": unit_id}
    return [
        CaseEvent(row.event_id, row.type, datetime.fromisoformat(row.headers["time"]), tracing.trace_id_in(row.headers))
        for row in tx.connection.execute(_EVENTS, place)
    ]

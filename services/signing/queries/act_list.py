"""Acts on all cases, the latest first: who, what, why and when. For the auditor. A signature is listed with its case."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import text

from shared.service import http
from shared.service.database import Transaction

# An act's id rises with time.
_LIST = text("""
    select act_id, acts.unit_id, unit_code, compound, building, door, kind, reason, facts, by, at, trace_id
    from acts join cases using (unit_id)
    where (cast(:since as timestamptz) is null or at >= :since)
      and (cast(:before as uuid) is null or act_id < cast(:before as uuid))
    order by act_id desc limit :limit
""")


class ActsQuery(http.Page):
    since: AwareDatetime | None = Field(default=None, description="Only acts from this instant on.")


class ActOfCase(BaseModel):
    act_id: UUID
    unit_id: UUID
    unit_code: str
    compound: str
    building: str
    door: str
    kind: str
    reason: str
    facts: dict[str, Any] = Field(description="What belongs to the act: note, papers seen, evidence, successor …")
    by: str = Field(description="The member of staff.")
    at: datetime
    trace_id: str | None = Field(description="By which logs and traces name the request; null where it was not kept.")


def read(tx: Transaction, query: ActsQuery) -> list[ActOfCase]:
    """Up to one row more than the limit. Raises Refused: cursor-invalid."""
    [before] = query.after(UUID) or (None,)
    rows = tx.connection.execute(_LIST, {"since": query.since, "before": before, "limit": query.limit + 1})
    return [ActOfCase.model_validate(row, from_attributes=True) for row in rows]

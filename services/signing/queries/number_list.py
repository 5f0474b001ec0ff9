"""Sequence numbers of a project in order, for the desk's list and for whoever checks that none is missing."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import text

from shared.events.terms import Series
from shared.refusal import Refused
from shared.service import http
from shared.service.database import Transaction

_KNOWN = text("select true from projects where project_id = :project_id")
_LIST = text("""
    select numbers.series, number, agreement_id, unit_id, unit_code, numbers.signed_at, detached_at, reason as detached_for
    from numbers join agreements using (agreement_id) join cases using (unit_id) left join detachments using (agreement_id)
    where numbers.project_id = :project_id and (cast(:series as text) is null or numbers.series = :series)
      and (cast(:after_series as text) is null or (numbers.series, number) > (:after_series, :after_number))
    order by numbers.series, number limit :limit
""")


class NumbersQuery(http.Page):
    series: Series | None = None


class NumberRow(BaseModel):
    series: Series
    number: int
    agreement_id: UUID
    unit_id: UUID
    unit_code: str
    signed_at: datetime
    detached_at: datetime | None = Field(description="When the agreement came undone; the number is never given again.")
    detached_for: str | None


def read(tx: Transaction, project_id: UUID, query: NumbersQuery) -> list[NumberRow]:
    """Up to one row more than the limit. Raises Refused: project-unknown."""
    if not tx.connection.execute(_KNOWN, {"project_id": project_id}).scalar_one_or_none():
        raise Refused("project-unknown")
    after = query.after(str, int) or (None, None)
    place = {"after_series": after[0], "after_number": after[1], "limit": query.limit + 1}
    rows = tx.connection.execute(_LIST, {"project_id": project_id, "series": query.series, **place})
    return [NumberRow.model_validate(row, from_attributes=True) for row in rows]

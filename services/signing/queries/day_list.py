"""Closed business days of a project, each with all its restatements, the newest day first."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import text

from shared.events.terms import Basis, CountingRule, Series
from shared.refusal import Refused
from shared.service import http
from shared.service.database import Transaction

_KNOWN = text("select true from projects where project_id = :project_id")
_LIST = text("""
    select project_id, business_on, restatement, as_of, closed_at, figures, bases, counting_rule from days
    where project_id = :project_id
      and (cast(:before as date) is null or (business_on, restatement) < (cast(:before as date), cast(:restatement as bigint)))
    order by business_on desc, restatement desc limit :limit
""")


class DaysQuery(http.Page):
    """No filters beside paging."""


class SeriesRow(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    signed: int
    undone: int = Field(description="Rescinded or void on that day, whatever day they were signed.")
    net: int
    effective: int
    last_number: int = Field(description="The last number given by the end of the day; 0 before the first.")


class BasisRow(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    change: int = Field(description="What the day changed; negative when more was undone than signed.")
    signed: int = Field(
        description="Of the frozen roll, signed by the end of the day; 0 while the roll has not matched."
    )
    total: int | None = Field(description="Of the frozen roll; null while it has not matched by the end of the day.")


class DayRow(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    project_id: UUID
    business_on: date
    restatement: int = Field(description="0 for the first closing of the day.")
    as_of: int = Field(description="The project's feed number up to which facts are in these figures.")
    closed_at: datetime
    figures: dict[Series, SeriesRow]
    bases: dict[Basis, BasisRow] = Field(description="Area in units of 0.01 m².")
    counting_rule: CountingRule = Field(description="The rule by which right-holders were counted.")


def read(tx: Transaction, project_id: UUID, query: DaysQuery) -> list[DayRow]:
    """Up to one row more than the limit. Raises Refused: project-unknown."""
    if not tx.connection.execute(_KNOWN, {"project_id": project_id}).scalar_one_or_none():
        raise Refused("project-unknown")
    ordinal, restatement = query.after(int, int) or (None, None)
    before = None if ordinal is None else date.fromordinal(min(max(ordinal, 1), date.max.toordinal()))
    seek = {"before": before, "restatement": restatement, "limit": query.limit + 1}
    return [DayRow.model_validate(row) for row in tx.connection.execute(_LIST, {"project_id": project_id, **seek})]


def place(day: DayRow) -> tuple[int, int]:
    return day.business_on.toordinal(), day.restatement

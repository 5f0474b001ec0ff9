"""Closes a business day of a project: freezes its figures. Closed again, it adds a restatement; the first report never changes.

Stays true: a rescission is a negative on the day it happens, whatever day the signing was (product.md 3.3, rule 11).
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from pydantic import BaseModel

from services.signing.domain.mandate import midnight
from services.signing.store import agreements, days, projects
from shared.refusal import Refused
from shared.service.clock import Clock
from shared.service.database import Transaction


@dataclass(frozen=True)
class CloseDay:
    project_id: UUID
    business_on: date
    by: str


class SeriesDay(BaseModel):
    signed: int
    undone: int
    net: int
    last_number: int


class ClosedDay(BaseModel):
    project_id: UUID
    business_on: date
    restatement: int
    closed_at: datetime
    figures: dict[str, SeriesDay]


def close_day(tx: Transaction, command: CloseDay, clock: Clock) -> ClosedDay:
    """Under the project's lock, so that no signing of that day is still on its way. Raises Refused: project-unknown, day-not-over,
    project-settling.
    """
    project = projects.lock(tx, command.project_id)
    at = clock.now()
    begins, ends = midnight(command.business_on), midnight(command.business_on + timedelta(days=1))
    if at < ends:
        raise Refused("day-not-over", ends_at=ends)
    # What lapses is undone in the instant of the closing, but written after it: until then that day's figures are not whole.
    if project.lapsed and agreements.signed_of(tx, command.project_id, limit=1):
        raise Refused("project-settling")
    figures = {
        row.series: SeriesDay(
            signed=row.signed, undone=row.undone, net=row.signed - row.undone, last_number=row.last_number
        )
        for row in days.figures(tx, command.project_id, begins=begins, ends=ends)
    }
    told = {series: day.model_dump() for series, day in figures.items()}
    restatement = days.add(tx, command.project_id, command.business_on, figures=told, at=at, by=command.by)
    return ClosedDay(
        project_id=command.project_id,
        business_on=command.business_on,
        restatement=restatement,
        closed_at=at,
        figures=figures,
    )

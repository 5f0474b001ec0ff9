"""Closes a business day of a project: freezes its figures as of a feed number. Closed again, it adds a restatement.

Invariant: a rescission counts -1 on the day it happens, not on the day of the signing (docs/domain.md). The figures of a day as
of one feed number never change; a later fact has a higher number and appears only in the next restatement.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from services.signing.domain.day import ClosedDay
from services.signing.store import agreements, days, instants, project_feed, projects
from shared.events.day import midnight
from shared.refusal import Refused
from shared.service.clock import Clock
from shared.service.database import Transaction


@dataclass(frozen=True)
class CloseDay:
    project_id: UUID
    business_on: date
    by: str


def close_day(tx: Transaction, command: CloseDay, clock: Clock) -> ClosedDay:
    """Under the project's lock, so that no signing of that day is still on its way. Raises Refused: project-unknown, day-not-over,
    project-settling, clock-jumped.
    """
    project_id, on = command.project_id, command.business_on
    project = projects.lock(tx, project_id)
    restatement, before = days.following(tx, project_id, on)
    at = instants.next_one(tx, clock, before)
    if at < (ends := midnight(on + timedelta(days=1))):
        raise Refused("day-not-over", ends_at=ends)
    # Agreements lapse at the instant of the closing but are written later; until then the day's figures are incomplete.
    if project.lapsed and agreements.signed_of(tx, project_id, limit=1):
        raise Refused("project-settling")
    as_of = project_feed.latest(tx, project_id)
    figures = days.figures(tx, project_id, on, as_of=as_of)
    bases = days.bases(tx, project_id, on, as_of=as_of, total=project.total)
    closed = ClosedDay(project_id, on, restatement, as_of, at, figures, bases, project.counting_rule)
    days.add(tx, closed, by=command.by)
    tx.record(closed.event())
    return closed

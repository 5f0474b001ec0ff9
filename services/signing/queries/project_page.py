"""What a project's page shows beside its count: what each unsigned case waits for, the days to close, and who decided what."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text

from services.signing.queries.project_count import ProjectCount
from shared.events.day import SHANGHAI, business_day
from shared.service.database import Transaction

_WAITING = text("""
    select case when rights_state = 'disputed' then 'disputed' when area_disputed then 'area_disputed'
                else coalesce(state, 'none') end as waits, count(*) as cases
    from cases left join lateral (
        select state from agreements where agreements.unit_id = cases.unit_id
        order by state in ('returned', 'superseded', 'rescinded', 'void'), drafted_at desc limit 1) as agreement on true
    where project_id = :project_id and (state is null or state not in ('signed', 'effective', 'performed'))
    group by waits order by cases desc, waits
""")
_DECIDED = text("""
    select projects.district, declared_by, declarations.automatic as declared_automatically, closed_by, reached as closed_reached
    from projects left join declarations using (project_id) left join closings using (project_id)
    where project_id = :project_id
""")
_SIGNED = text("select count(*) from agreements where project_id = :project_id and state = 'signed'")
_FACTS = text("""
    select (happened_at at time zone cast(:zone as text))::date as business_on, max(feed_number) as latest,
           count(*) filter (where fact = 'signed') as signed, count(*) filter (where fact = 'undone') as undone
    from counted where project_id = :project_id and fact <> 'matched' group by business_on
""")
_CLOSED = text("select business_on, max(as_of) as as_of from days where project_id = :project_id group by business_on")
_LONGEST = 400  # days of a project that are looked at


class Decided(BaseModel):
    district: str
    declared_by: str | None
    declared_automatically: bool | None
    closed_by: str | None
    closed_reached: bool | None


class DayToClose(BaseModel):
    """A day that is over and was not closed, or has got facts since it was (`again`)."""

    business_on: date
    signed: int
    undone: int
    again: bool


def waiting(tx: Transaction, project_id: UUID) -> Mapping[str, int]:
    """The unsigned cases by what holds them, most first: a dispute, else the state of the agreement."""
    return {row.waits: row.cases for row in tx.connection.execute(_WAITING, {"project_id": project_id})}


def decided(tx: Transaction, project_id: UUID) -> Decided:
    row = tx.connection.execute(_DECIDED, {"project_id": project_id}).one()
    return Decided.model_validate(row, from_attributes=True)


def awaiting_effect(tx: Transaction, project_id: UUID) -> int:
    """The agreements that are signed and not effective: those that a declaration or the end of the period decides."""
    return int(tx.connection.execute(_SIGNED, {"project_id": project_id}).scalar_one())


def days_to_close(tx: Transaction, project: ProjectCount, now: datetime) -> list[DayToClose]:
    """From the first day of the period, or of a fact before it, to yesterday; the oldest first."""
    it = {"project_id": project.project_id}
    facts = {row.business_on: row for row in tx.connection.execute(_FACTS, {**it, "zone": SHANGHAI.key})}
    closed = {row.business_on: row.as_of for row in tx.connection.execute(_CLOSED, it)}
    begin, today = min([business_day(project.starts_at), *facts]), business_day(now)
    found = []
    for day in (begin + timedelta(days=days) for days in range(min((today - begin).days, _LONGEST))):
        fact, again = facts.get(day), day in closed
        if not again or (fact and fact.latest > closed[day]):
            counted = {"signed": fact.signed if fact else 0, "undone": fact.undone if fact else 0}
            found.append(DayToClose(business_on=day, again=again, **counted))
    return found

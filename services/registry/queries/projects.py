"""Districts, projects, groups and rolls."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text

from shared.events.registry import PlannedCount, ThresholdBasis, Totals
from shared.events.terms import CountingRule, Series
from shared.refusal import Unknown
from shared.service.database import Transaction


class DistrictState(BaseModel):
    district: str
    name: str
    opened_at: datetime


class ProjectState(BaseModel):
    project_id: UUID
    district: str
    name: str
    starts_at: datetime
    ends_at: datetime
    bases: list[ThresholdBasis]
    series: list[Series]
    counting_rule: CountingRule
    plan: str | None
    signing_plan: list[PlannedCount]
    auto_effect: bool
    units: int
    roll_frozen_at: datetime | None


class RollState(BaseModel):
    project_id: UUID
    totals: Totals
    digest: str
    frozen_at: datetime


class RollHolder(BaseModel):
    person_id: UUID
    share: str | None


class RollLine(BaseModel):
    """A unit as it stood when the roll was frozen."""

    unit_id: UUID
    household_id: UUID
    area_hundredths_m2: int
    right_holders: list[RollHolder]


class OfficerState(BaseModel):
    staff_id: UUID
    staff_number: str
    name: str


class GroupState(BaseModel):
    group_id: UUID
    project_id: UUID
    name: str
    officers: list[OfficerState]


_DISTRICTS = text("""
    select district, name, opened_at from districts where district > :after order by district limit :limit
""")
_PROJECT = """
    select projects.*, rolls.frozen_at as roll_frozen_at,
        (select count(*) from units where units.project_id = projects.project_id) as units
    from projects left join rolls using (project_id)
"""
_PROJECTS = text(f"{_PROJECT} where project_id > :after order by project_id limit :limit")
_ONE = text(f"{_PROJECT} where project_id = :project_id")
_ROLL = text("select * from rolls where project_id = :project_id")
_ROLL_LINES = text("""
    select unit_id, household_id, area_hundredths_m2, right_holders from roll_lines
    where project_id = :project_id and unit_id > :after order by unit_id limit :limit
""")
_DISTRICT = text("select district, name, opened_at from districts where district = :district")
_GROUP = """
    select group_id, project_id, name, coalesce((
        select jsonb_agg(jsonb_build_object('staff_id', staff_id, 'staff_number', staff_number, 'name', officers.name)
            order by staff_number) from officers where officers.group_id = groups.group_id), '[]') as officers
    from groups
"""
_GROUPS = text(f"{_GROUP} where project_id = :project_id and group_id > :after order by group_id limit :limit")
_ONE_GROUP = text(f"{_GROUP} where group_id = :group_id")


def districts(tx: Transaction, *, after: str, limit: int) -> list[DistrictState]:
    return [
        DistrictState(**row._asdict()) for row in tx.connection.execute(_DISTRICTS, {"after": after, "limit": limit})
    ]


def district(tx: Transaction, code: str) -> DistrictState:
    """Raises Unknown."""
    return DistrictState(**_single(tx.connection.execute(_DISTRICT, {"district": code}).all())._asdict())


def page(tx: Transaction, *, after: UUID, limit: int) -> list[ProjectState]:
    return [_project(row) for row in tx.connection.execute(_PROJECTS, {"after": after, "limit": limit})]


def one(tx: Transaction, project_id: UUID) -> ProjectState:
    """Raises Unknown."""
    return _project(_single(tx.connection.execute(_ONE, {"project_id": project_id}).all()))


def roll(tx: Transaction, project_id: UUID) -> RollState:
    """Raises Unknown, also for a roll that is not frozen yet."""
    row = _single(tx.connection.execute(_ROLL, {"project_id": project_id}).all())
    totals = Totals(**{name: getattr(row, name) for name in Totals.model_fields})
    return RollState(project_id=project_id, totals=totals, digest=row.digest, frozen_at=row.frozen_at)


def groups(tx: Transaction, project_id: UUID, *, after: UUID, limit: int) -> list[GroupState]:
    place = {"project_id": project_id, "after": after, "limit": limit}
    return [GroupState(**row._asdict()) for row in tx.connection.execute(_GROUPS, place)]


def group(tx: Transaction, group_id: UUID) -> GroupState:
    """Raises Unknown."""
    return GroupState(**_single(tx.connection.execute(_ONE_GROUP, {"group_id": group_id}).all())._asdict())


def roll_lines(tx: Transaction, project_id: UUID, *, after: UUID, limit: int) -> list[RollLine]:
    place = {"project_id": project_id, "after": after, "limit": limit}
    return [RollLine(**row._asdict()) for row in tx.connection.execute(_ROLL_LINES, place)]


def _single(rows: Sequence[Any]) -> Any:  # noqa: ANN401 - a row
    if not rows:
        raise Unknown
    return rows[0]


def _project(row: Any) -> ProjectState:  # noqa: ANN401 - a row of _PROJECT
    values = row._asdict()
    return ProjectState(**{name: values[name] for name in ProjectState.model_fields})

"""Places of units: compounds, buildings with their stairwells, households; and the assignment of each unit."""

from collections.abc import Mapping
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text

from services.registry.domain.template import BUILDINGS
from services.registry.queries import fields
from services.registry.store import columns
from shared.refusal import Unknown
from shared.service.database import Transaction


class CompoundState(BaseModel):
    compound: str
    buildings: int
    units: int


class StairwellState(BaseModel):
    stairwell: str
    units: int
    lowest_floor: int
    highest_floor: int


_OF_BUILDING = [column for column in BUILDINGS if column.name != "stairwells"]


@fields.shown(_OF_BUILDING)
class BuildingState(BaseModel):
    """With every column of the template's buildings; in place of their number, the stairwells themselves."""

    building_id: UUID
    project_id: UUID
    compound: str
    building: str
    units: int
    stairwells: list[StairwellState]


class HouseholdState(BaseModel):
    household_id: UUID
    project_id: UUID
    units: list[UUID]


class AssignmentState(BaseModel):
    """`group_id` is null while the unit is unassigned, `staff_id` while only a group is assigned."""

    unit_id: UUID
    unit_code: str
    compound: str
    building: str
    stairwell: str
    floor: int
    door: str
    group_id: UUID | None
    group_name: str | None
    staff_id: UUID | None
    staff_number: str | None
    officer_name: str | None


_PROJECT = text("select project_id from projects where project_id = :project_id")
_COMPOUNDS = text("""
    select compound, count(distinct building_id) as buildings, count(unit_id) as units
    from buildings left join units using (building_id)
    where buildings.project_id = :project_id and compound > :after group by compound order by compound limit :limit
""")
_BUILDING = f"""
    select building_id, project_id, {columns.names(_OF_BUILDING)},
        (select count(*) from units where units.building_id = buildings.building_id) as units, coalesce((
        select jsonb_agg(described order by described ->> 'stairwell') from (
            select jsonb_build_object('stairwell', stairwell, 'units', count(*), 'lowest_floor', min(floor),
                'highest_floor', max(coalesce(top_floor, floor))) as described
            from units where units.building_id = buildings.building_id group by stairwell) as stairwell), '[]') as stairwells
    from buildings
"""  # noqa: S608 - names of ours
_BUILDINGS = text(f"""{_BUILDING} where buildings.project_id = :project_id and building_id > :after
    and (cast(:compound as text) is null or compound = :compound) order by building_id limit :limit
""")
_ONE_BUILDING = text(f"{_BUILDING} where building_id = :building_id")
_HOUSEHOLDS = text("""
    select household_id, households.project_id, array_agg(unit_id order by unit_id) as units
    from households join units using (household_id)
    where households.project_id = :project_id and household_id > :after
    group by household_id order by household_id limit :limit
""")
_ASSIGNMENTS = text("""
    select unit_id, unit_code, compound, building, stairwell, floor, door, units.group_id, groups.name as group_name,
        units.staff_id, staff_number, officers.name as officer_name
    from units join buildings using (building_id) left join groups on groups.group_id = units.group_id
    left join officers on officers.staff_id = units.staff_id
    where units.project_id = :project_id and unit_id > :after
        and (cast(:group_id as uuid) is null or units.group_id = :group_id)
        and (cast(:staff_id as uuid) is null or units.staff_id = :staff_id)
        and (not :unassigned or units.group_id is null)
        and (cast(:login as text) is null or officers.subject = :login or officers.staff_number = :staff_number)
        and (cast(:compound as text) is null or compound = :compound)
        and (cast(:building as text) is null or building = :building)
        and (cast(:stairwell as text) is null or stairwell = :stairwell)
    order by unit_id limit :limit
""")


def in_project(tx: Transaction, project_id: UUID) -> None:
    """Raises Unknown for a project of another district, instead of an empty list."""
    if tx.connection.execute(_PROJECT, {"project_id": project_id}).scalar() is None:
        raise Unknown


def compounds(tx: Transaction, project_id: UUID, *, after: str, limit: int) -> list[CompoundState]:
    place = {"project_id": project_id, "after": after, "limit": limit}
    return [CompoundState.model_validate(dict(row)) for row in tx.connection.execute(_COMPOUNDS, place).mappings()]


def buildings(
    tx: Transaction, project_id: UUID, *, after: UUID, limit: int, compound: str | None = None
) -> list[BuildingState]:
    place = {"project_id": project_id, "after": after, "limit": limit, "compound": compound}
    return [BuildingState.model_validate(dict(row)) for row in tx.connection.execute(_BUILDINGS, place).mappings()]


def building(tx: Transaction, building_id: UUID) -> BuildingState:
    """Raises Unknown."""
    row = tx.connection.execute(_ONE_BUILDING, {"building_id": building_id}).mappings().one_or_none()
    if row is None:
        raise Unknown
    return BuildingState.model_validate(dict(row))


def households(tx: Transaction, project_id: UUID, *, after: UUID, limit: int) -> list[HouseholdState]:
    place = {"project_id": project_id, "after": after, "limit": limit}
    return [HouseholdState.model_validate(dict(row)) for row in tx.connection.execute(_HOUSEHOLDS, place).mappings()]


def assignments(  # noqa: PLR0913 - each is a filter
    tx: Transaction,
    project_id: UUID,
    *,
    after: UUID,
    limit: int,
    group_id: UUID | None = None,
    staff_id: UUID | None = None,
    unassigned: bool = False,
    login: str | None = None,
    staff_number: str = "",
    at: Mapping[str, str | None] | None = None,
) -> list[AssignmentState]:
    """`login`, with its `staff_number`: of the officer who answers.

    `at`: compound, building, stairwell; one that is left out or None selects all.
    """
    page = {"project_id": project_id, "after": after, "limit": limit}
    filters = {"group_id": group_id, "staff_id": staff_id, "unassigned": unassigned, "login": login}
    filters |= {"staff_number": staff_number}
    place = {name: (at or {}).get(name) for name in ("compound", "building", "stairwell")}
    rows = tx.connection.execute(_ASSIGNMENTS, {**page, **filters, **place}).mappings()
    return [AssignmentState.model_validate(dict(row)) for row in rows]

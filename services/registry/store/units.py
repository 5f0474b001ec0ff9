"""Units with their right-holders: carried over from an import set by set, and published with their full state."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.registry.domain.template import BUILDINGS, OF_UNIT
from services.registry.store import columns
from services.registry.store.columns import BUILDING_NAMES, UNIT_NAMES
from shared.events.registry import RightHolder, UnitAssigned, UnitRegistered
from shared.events.roll import Line
from shared.service.database import Transaction

_KEY = ("compound", "building")
_REST = [column for column in BUILDINGS if column.name not in _KEY]
_BUILDINGS = text(f"""
    insert into buildings (district, project_id, {BUILDING_NAMES})
    select :district, :project_id, {BUILDING_NAMES} from import_buildings where import_id = :import_id order by row
    on conflict (project_id, compound, building) do update set ({columns.names(_REST)}) = ({columns.renewed(_REST, "buildings")})
""")  # noqa: S608 - parts of ours
# A unit on several storeys says 3至4.
_FLOOR = "split_part(staged.source ->> 'floor', '至', 1)::int"
_TOP_FLOOR = "nullif(split_part(staged.source ->> 'floor', '至', 2), '')::int"
_HOUSEHOLDS = text("""
    insert into households (district, project_id, label)
    select distinct :district, cast(:project_id as uuid), household from import_units
    where import_id = :import_id and change <> 'unchanged' on conflict (project_id, label) do nothing
""")
_VALUES = columns.values(OF_UNIT, "staged.source")
_UNITS = text(f"""
    insert into units (district, project_id, building_id, household_id, unit_code, floor, top_floor, {UNIT_NAMES}, group_id, staff_id,
        source, registered_at)
    select :district, :project_id, buildings.building_id, households.household_id, staged.unit_code, {_FLOOR}, {_TOP_FLOOR}, {_VALUES},
        groups.group_id, officers.staff_id, staged.source, :at
    from import_units as staged
    join buildings on buildings.project_id = :project_id and buildings.compound = staged.compound
        and buildings.building = staged.building
    join households on households.project_id = :project_id and households.label = staged.household
    left join groups on groups.project_id = :project_id and groups.name = staged.source ->> 'group'
    left join officers on officers.project_id = :project_id and officers.staff_number = staged.source ->> 'officer'
    where staged.import_id = :import_id and staged.change <> 'unchanged' order by staged.row
    on conflict (project_id, unit_code) do update
        set (building_id, household_id, floor, top_floor, {UNIT_NAMES}, group_id, staff_id, source, revision) =
        (excluded.building_id, excluded.household_id, excluded.floor, excluded.top_floor, {columns.excluded(OF_UNIT)},
        excluded.group_id, excluded.staff_id, excluded.source, units.revision + 1)
""")  # noqa: S608 - parts of ours
# By itself, since the guard of a frozen roll sees an insert as a unit that joins, also where it ends as an update.
_ONE = text(f"""
    update units set (building_id, household_id, floor, top_floor, {UNIT_NAMES}, source, revision) =
        (buildings.building_id, households.household_id, {_FLOOR}, {_TOP_FLOOR}, {_VALUES}, staged.source, units.revision + 1)
    from import_units as staged
    join buildings on buildings.project_id = :project_id and buildings.compound = staged.compound
        and buildings.building = staged.building
    join households on households.project_id = :project_id and households.label = staged.household
    where staged.import_id = :import_id and units.project_id = :project_id and units.unit_code = staged.unit_code
""")  # noqa: S608 - parts of ours
_NO_HOLDERS = text("""
    delete from holders using units, import_units as staged
    where staged.import_id = :import_id and staged.change = 'changed' and units.project_id = :project_id
        and units.unit_code = staged.unit_code and holders.unit_id = units.unit_id
""")
# People by one probe of the index a line. This very transaction has added them, so that the planner takes those of a new district
# for one, and as a plain join would hold every line against every person. `offset 0` keeps it from making a join of it.
_HOLDERS = text("""
    with added as (
    insert into holders (unit_id, person_id, district, place, share, capable, guardian_id)
    select units.unit_id, holder.person_id, :district, row_number() over (partition by units.unit_id order by line.row),
        case units.ownership when 'joint' then null when 'sole' then '1' else line.holder ->> 'share' end,
        guardian.person_id is null, guardian.person_id
    from import_lines as line
    join import_units as staged on staged.import_id = :import_id and staged.unit_code = line.unit_code and staged.change <> 'unchanged'
    join units on units.project_id = :project_id and units.unit_code = line.unit_code
    cross join lateral (
        select person_id from people where district = :district and document_mark = line.document_mark offset 0) as holder
    left join lateral (
        select person_id from people where district = :district and document_mark = line.guardian_mark offset 0) as guardian on true
    where line.import_id = :import_id
    returning guardian_id)
    select count(*) as holders, count(guardian_id) as guardians from added
""")
_NAMED = text("""
    select count(*) as holders, count(line.guardian_mark) as guardians from import_lines as line
    join import_units as staged on staged.import_id = :import_id and staged.unit_code = line.unit_code and staged.change <> 'unchanged'
    where line.import_id = :import_id
""")
_STATE = """
    select units.unit_id, units.project_id, revision, units.unit_code, buildings.compound, buildings.building, stairwell, floor,
        top_floor, door, cast(registered_area * 100 as bigint) as area_hundredths_m2, use, household_id, ownership, group_id, staff_id,
        (select jsonb_agg(jsonb_build_object('person_id', person_id, 'masked_name', masked_name, 'share', share, 'capable', capable,
            'kind', kind, 'overseas', overseas) order by place)
         from holders join people using (person_id) where holders.unit_id = units.unit_id) as right_holders,
        exists (select from rolls where rolls.project_id = units.project_id) as after_freeze
    from units join buildings using (building_id)
"""
_CHANGED = text(f"""{_STATE} join import_units as staged on staged.import_id = :import_id and staged.unit_code = units.unit_code
    where units.project_id = :project_id and staged.change <> 'unchanged' order by units.unit_id
""")
_RENAMED = text("""
    update units set revision = revision + 1 where district = :district
        and unit_id in (select unit_id from holders where person_id = :person_id) returning unit_id
""")
_THESE = text(f"{_STATE} where units.unit_id = any(:unit_ids) order by units.unit_id")
_ROLL = text("""
    select unit_id, household_id, cast(registered_area * 100 as bigint) as area,
        array_agg(person_id order by person_id) as people, array_agg(share order by person_id) as shares
    from units join holders using (unit_id) where project_id = :project_id group by unit_id, household_id, registered_area
""")


class HoldersMissingError(RuntimeError):
    """Fewer right-holders or guardians were found than the lines name. Written so, a unit would lose an owner, or an owner a guardian."""


def carry_over(tx: Transaction, import_id: UUID, project_id: UUID, *, at: datetime) -> None:
    """Buildings, households, units and right-holders, each in one statement. The people must be recorded. Raises HoldersMissingError."""
    place = {"import_id": import_id, "project_id": project_id, "district": tx.district, "at": at}
    for statement in (_BUILDINGS, _HOUSEHOLDS, _UNITS, _NO_HOLDERS):
        tx.connection.execute(statement, place)
    _add_holders(tx, place)


def carry_one_over(tx: Transaction, import_id: UUID, project_id: UUID) -> UnitRegistered:
    """Carries over the one unit of a correction and returns its event. Its assignment does not change. Raises HoldersMissingError."""
    place = {"import_id": import_id, "project_id": project_id, "district": tx.district}
    for statement in (_HOUSEHOLDS, _ONE, _NO_HOLDERS):
        tx.connection.execute(statement, place)
    _add_holders(tx, place)
    return registered(tx.connection.execute(_CHANGED, place).one())


def _add_holders(tx: Transaction, place: Mapping[str, object]) -> None:
    named = tx.connection.execute(_NAMED, place).one()
    if (added := tx.connection.execute(_HOLDERS, place).one()) != named:
        raise HoldersMissingError(f"added {added._asdict()}, named {named._asdict()}")


def renamed(tx: Transaction, person_id: UUID) -> list[UnitRegistered]:
    """The next revision of every unit that a person owns, since each carries their masked name."""
    units = list(tx.connection.execute(_RENAMED, {"person_id": person_id, "district": tx.district}).scalars())
    return [registered(row) for row in tx.connection.execute(_THESE, {"unit_ids": units})]


def changed(
    tx: Transaction, import_id: UUID, project_id: UUID, *, batch: int = 500
) -> Iterator[list[UnitRegistered | UnitAssigned]]:
    """The events of the units that an import added or changed, batch by batch.

    It uses one server-side cursor: paging would sort 100,000 units again for each thousand.
    """
    place = {"import_id": import_id, "project_id": project_id}
    found = tx.connection.execute(_CHANGED, place, execution_options={"yield_per": batch})
    for rows in found.partitions(batch):
        yield [event for row in rows for event in _events(row)]


def roll(tx: Transaction, project_id: UUID) -> list[Line]:
    rows = tx.connection.execute(_ROLL, {"project_id": project_id})
    return [
        Line(row.unit_id, row.household_id, row.area, tuple(zip(row.people, row.shares, strict=True))) for row in rows
    ]


def _events(row: Any) -> Iterator[UnitRegistered | UnitAssigned]:  # noqa: ANN401 - a row of _STATE
    yield registered(row)
    if row.group_id is not None:
        yield UnitAssigned(project_id=row.project_id, unit_id=row.unit_id, group_id=row.group_id, staff_id=row.staff_id)


def registered(row: Any) -> UnitRegistered:  # noqa: ANN401 - a row of _STATE
    facts = {name: value for name, value in row._asdict().items() if name not in ("group_id", "staff_id")}
    people = tuple(RightHolder(**holder) for holder in facts.pop("right_holders"))
    return UnitRegistered(**facts, right_holders=people)

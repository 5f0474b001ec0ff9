"""Rules between staged lines, and between lines and the register, checked by SQL a set at a time.

Invariant: every check only adds to import_faults, so all mistakes are reported at once. The checks are idempotent.
"""

from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.registry.domain import shares
from services.registry.domain.cells import Fault
from services.registry.domain.template import BUILDINGS_SHEET, HOLDERS, HOLDERS_SHEET
from services.registry.store import imports
from services.registry.store.progress import Report
from shared.service.database import Transaction

# `lines`: lines of the import with a unit code. `blocks`: the buildings of the workbook, else of the register.
# `named`: the names per document. `faulty`: the cells that already have a mistake; its consequences are not
# reported again.
_LINES = """with lines as (select * from import_lines where import_id = :import_id and unit_code is not null),
    blocks as (
        (select distinct on (compound, building) compound, building, building_code, stairwells, floors_above, floors_below
            from import_buildings where import_id = :import_id order by compound, building, row)
        union all
        select compound, building, building_code, stairwells, floors_above, floors_below from buildings
        where project_id = :project_id and not exists (select from import_buildings as staged
            where staged.import_id = :import_id and (staged.compound, staged.building) = (buildings.compound, buildings.building))),
    named as (
        select row, 'name' as column_name, document_mark as mark, name_mark from import_lines
        where import_id = :import_id and document_mark is not null
        union all
        select row, 'guardian_name', guardian_mark, guardian_name_mark from import_lines
        where import_id = :import_id and guardian_mark is not null),
    faulty as (select row, column_name, code from import_faults where import_id = :import_id and sheet = :sheet)"""
_INSERT = "insert into import_faults (import_id, district, sheet, row, column_name, code) select distinct"

_MOST_HOLDERS = 500
_OF_UNIT = [column.name for column in HOLDERS if column.of_unit]
_OLDER = ["holders", *(column.name for column in HOLDERS if not column.newer)]

# Each yields (row, column, code) of the sheet of right-holders.
_ON_HOLDERS = (
    # The unit's columns repeat; a row that differs from the unit's first is a slip of the copying hand. One that stands at
    # another place and differs in more, or has a sole owner there, is another unit under a code that was not changed.
    """select row, unnest(case when is_other then array['unit_code'] else names end),
            case when is_other then 'unit-twice' else 'unit-differs' end
        from (select row, array_agg(name) as names,
                (count(*) > 1 or bool_and(is_sole)) and array_agg(name) && array['compound', 'building', 'stairwell', 'door'] as is_other
            from (select row, name, content -> name as given_name, content ->> 'ownership' = 'sole' as is_sole,
                    first_value(content -> name) over (partition by unit_code, name order by row) as first
                from lines as line cross join unnest(cast(:of_unit as text[])) as name
                where unit_code in (select unit_code from lines group by unit_code having min(content::text) <> max(content::text))
                    and not exists (select from faulty where (faulty.row, faulty.column_name) = (line.row, name))) as cell
            where given_name is distinct from first group by row) as line""",
    """select row, 'document_number', 'holder-twice' from (
            select row, row_number() over (partition by unit_code, document_mark order by row) as time
            from lines where document_mark is not null) as line where time > 1""",
    # A unit is published as one event, and the size of an event is limited.
    """select row, 'unit_code', 'too-many-holders' from (
            select row, row_number() over (partition by unit_code order by row) as time from lines) as line
        where time = :most_holders + 1""",
    """select row, 'guardian_document_number', 'guardian-self' from lines where guardian_mark = document_mark""",
    """select row, 'guardian_document_number', 'guardian-incapable' from lines as line
        where guardian_mark <> document_mark and exists (select from lines as ward
            where ward.document_mark = line.guardian_mark and ward.holder ->> 'capacity' in ('limited', 'none'))""",
    # A person is capable everywhere or nowhere: signing lets nobody sign whom one of their units calls incapable.
    """select row, 'capacity', 'capacity-differs' from (
            select row, capable, first_value(capable) over (partition by document_mark order by row) as first
            from lines as line cross join lateral (select coalesce(holder ->> 'capacity', 'full') = 'full') as registered (capable)
            where document_mark is not null
                and not exists (select from faulty where (faulty.row, faulty.column_name) = (line.row, 'capacity'))) as line
        where capable <> first""",
    """select row, column_name, 'person-name-differs' from (
            select row, column_name, name_mark, first_value(name_mark) over (partition by mark order by row, column_name desc) as first
            from named) as line where name_mark <> first""",
    """select row, column_name, 'person-name-differs' from named as line
        join people on people.document_mark = line.mark and people.district = :district
        where people.name_mark <> line.name_mark""",
    """select row, 'door', 'door-twice' from (
            select row, unit_code, first_value(unit_code) over (partition by compound, building,
                content ->> 'stairwell', door order by row) as first
            from lines cross join unnest(string_to_array(content ->> 'door', '、')) as door  -- a merged unit has several
            where content ?& array['compound', 'building', 'stairwell', 'door']) as line where unit_code <> first""",
    """select line.row, 'door', 'door-twice' from import_lines as line join buildings
            on buildings.project_id = :project_id and buildings.compound = line.compound
            and buildings.building = line.building
        join doors on doors.building_id = buildings.building_id and doors.stairwell = line.content ->> 'stairwell'
            and doors.door = any(string_to_array(line.content ->> 'door', '、'))
        join units using (unit_id)
        where line.import_id = :import_id and units.unit_code <> line.unit_code
            and not exists (select from import_lines as other where other.import_id = :import_id and other.unit_code = units.unit_code)""",
    """select row, 'house_code', 'house-code-twice' from (
            select row, unit_code, first_value(unit_code) over (partition by house_code order by row) as first
            from lines where house_code is not null) as line where unit_code <> first""",
    """select line.row, 'house_code', 'house-code-twice' from lines as line
        join units on units.project_id = :project_id and units.house_code = line.house_code
        where units.unit_code <> line.unit_code
            and not exists (select from import_lines as other where other.import_id = :import_id and other.unit_code = units.unit_code)""",
    # Skipped while a building of that compound has a faulty name: it may be this building.
    """select line.row, 'building', 'unknown-building' from import_lines as line join (
            select compound, building from import_lines where import_id = :import_id
            except select compound, building from blocks) as unknown using (compound, building)
        where line.import_id = :import_id and not exists (select from import_buildings as unusable
            where unusable.import_id = :import_id and (unusable.compound = line.compound and unusable.building is null
                or unusable.compound is null and unusable.building = line.building))""",
    """select line.row, 'house_code', 'house-code-building' from import_lines as line join blocks
            on (blocks.compound, blocks.building) = (line.compound, line.building)
        where line.import_id = :import_id and left(line.house_code, 19) <> blocks.building_code""",
    """select line.row, 'floor', 'floor-outside' from import_lines as line join blocks
            on (blocks.compound, blocks.building) = (line.compound, line.building)
        cross join unnest(string_to_array(line.content ->> 'floor', '至')) as storey  -- 3至4: a unit on several storeys
        where line.import_id = :import_id
            and (storey::int = 0 or storey::int not between -blocks.floors_below and blocks.floors_above)""",
    """select line.row, 'stairwell', 'stairwell-outside' from import_lines as line join blocks
            on (blocks.compound, blocks.building) = (line.compound, line.building)
        where line.import_id = :import_id
            and substring(line.content ->> 'stairwell' from '^([0-9]{1,4})单元$')::int not between 1 and blocks.stairwells""",
    """select line.row, 'group', 'unknown-group' from import_lines as line
        where line.import_id = :import_id and line.content ? 'group'
        and not exists (select from groups where project_id = :project_id and name = line.content ->> 'group')""",
    """select line.row, 'officer', 'unknown-officer' from import_lines as line
        where line.import_id = :import_id and line.content ? 'officer'
        and not exists (select from faulty where (faulty.row, faulty.column_name) = (line.row, 'group'))
        and not exists (select from officers join groups using (group_id) where officers.project_id = :project_id
            and staff_number = line.content ->> 'officer' and groups.name = line.content ->> 'group')""",
)
_ON_BUILDINGS = (
    """select row, 'building', 'building-twice' from (
            select row, row_number() over (partition by compound, building order by row) as time from import_buildings
            where import_id = :import_id and compound is not null and building is not null) as line where time > 1""",
    """select row, 'building_code', 'building-code-twice' from (
            select row, compound, building, first_value(compound) over same as first_compound, first_value(building) over same as first
            from import_buildings where import_id = :import_id and building_code is not null
            window same as (partition by building_code order by row)) as line
        where (compound, building) <> (first_compound, first)""",
    """select line.row, 'building_code', 'building-code-twice' from import_buildings as line
        join buildings on buildings.project_id = :project_id and buildings.building_code = line.building_code
        where line.import_id = :import_id and (buildings.compound, buildings.building) <> (line.compound, line.building)
            and not exists (select from import_buildings as other where other.import_id = :import_id
                and (other.compound, other.building) = (buildings.compound, buildings.building))""",
    # Units that the workbook omits stay, and must still fit into a building that it changes.
    """select line.row, column_name, code from import_buildings as line
        join buildings on buildings.project_id = :project_id
            and (buildings.compound, buildings.building) = (line.compound, line.building)
        join units using (building_id)
        cross join lateral (values
            ('floors_above', 'floor-outside', coalesce(units.top_floor, units.floor) > line.floors_above),
            ('floors_below', 'floor-outside', units.floor < -line.floors_below),
            ('stairwells', 'stairwell-outside', substring(units.stairwell from '^([0-9]{1,4})单元$')::int > line.stairwells),
            ('building_code', 'house-code-building', left(units.house_code, 19) <> line.building_code)
        ) as wrong (column_name, code, is_so)
        where line.import_id = :import_id and is_so
            and not exists (select from import_lines as other where other.import_id = :import_id and other.unit_code = units.unit_code)""",
)
# Units of which every row is known, none stands twice, and says how it is owned. One row more may stand at the same door under a
# code that is none.
_UNITS = text(f"""{_LINES}
    select array_agg(row order by row) as rows, min(content ->> 'ownership') as ownership,
        array_agg(holder ->> 'share' order by row) as shares from lines
    where unit_code not in (
        select line.unit_code from lines as line join faulty on faulty.row = line.row
            where faulty.column_name = 'unit_code' or faulty.code = 'holder-twice'
        union select line.unit_code from lines as line join import_lines as other
            on other.import_id = :import_id and other.unit_code is null
            and (other.compound, other.building) = (line.compound, line.building)
            and other.content ->> 'door' = line.content ->> 'door')
    group by unit_code having count(*) <= :most_holders and bool_and(content ? 'ownership')
        and min(content ->> 'ownership') = max(content ->> 'ownership')
        and bool_and(holder ->> 'share' is null or holder ->> 'share' ~ '^[1-9]')
    order by unit_code
""")  # noqa: S608 - put together from parts of ours

# Compares the stored row of a unit with the row in the file, by natural key; lists the differing columns. A cell of a newer column
# that is empty leaves the stored value; a correction that empties it says null.
_COMPARE = text(f"""{_LINES}
    insert into import_units (import_id, unit_code, district, row, source, change, changed_columns)
    select :import_id, staged.unit_code, :district, staged.row, given.source,
        case when units.unit_id is null then 'new' when units.source = given.source then 'unchanged' else 'changed' end,
        case when units.unit_id is null then array[]::text[] else array(
            select name from jsonb_object_keys(coalesce(units.source, '{{}}') || given.source) as name
            where units.source -> name is distinct from given.source -> name order by name) end
    from (
        select unit_code, min(row) as row, (array_agg(content order by row))[1] as content, jsonb_build_object('holders', jsonb_agg(
            holder || jsonb_build_object('person', encode(document_mark, 'hex'), 'guardian', encode(guardian_mark, 'hex'))
            order by row)) as holders
        from lines group by unit_code) as staged
    left join units on units.project_id = :project_id and units.unit_code = staged.unit_code
    cross join lateral (
        select jsonb_strip_nulls(coalesce(units.source - cast(:older as text[]), '{{}}') || staged.content) || staged.holders as source
        offset 0) as given  -- `offset 0` computes it once a unit
""")  # noqa: S608 - put together from parts of ours

# By the comparison of the dry run: a column that it did not name differs now.
_OUTDATED = text("""
    select exists (
        select from import_units as seen join units on units.project_id = :project_id and units.unit_code = seen.unit_code
        where import_id = :import_id and units.source <> seen.source and exists (
            select from jsonb_object_keys(units.source || seen.source) as name
            where units.source -> name is distinct from seen.source -> name and name <> all(changed_columns)))
""")


def outdated(tx: Transaction, import_id: UUID, project_id: UUID) -> bool:
    """Whether the import would overwrite something that nobody saw when it was checked. Call it under the project's lock."""
    values = {"import_id": import_id, "project_id": project_id}
    return bool(tx.connection.execute(_OUTDATED, values).scalar_one())


def run(tx: Transaction, import_id: UUID, project_id: UUID, *, report: Report = lambda _done, _total: None) -> None:
    """All checks over the staged lines, then the comparison with the register."""
    place = {"import_id": import_id, "district": tx.district, "project_id": project_id}
    place |= {"sheet": HOLDERS_SHEET, "most_holders": _MOST_HOLDERS, "of_unit": _OF_UNIT, "older": _OLDER}
    checks = [
        *((HOLDERS_SHEET, query) for query in _ON_HOLDERS),
        *((BUILDINGS_SHEET, query) for query in _ON_BUILDINGS),
    ]
    for number, (sheet, check) in enumerate(checks):
        report(number, len(checks))
        found = f":import_id, :district, :sheet, * from ({check}) as found (row, column_name, code)"
        insert = text(f"{_LINES} {_INSERT} {found} on conflict do nothing")
        tx.connection.execute(insert, {**place, "sheet": sheet})
    imports.add_faults(tx, import_id, _share_faults(tx, place))
    imports.clear(tx, import_id, ("import_units",))
    tx.connection.execute(_COMPARE, place)


def _share_faults(tx: Transaction, place: dict[str, Any]) -> list[Fault]:
    """Faults of shares, each at its cell; a wrong sum or a wrong number of holders at the unit's first row."""
    faults = []
    for unit in tx.connection.execute(_UNITS, place):
        parsed: list[Fraction | None] = [None if share is None else shares.parsed(share) for share in unit.shares]
        flaw = shares.flaw(unit.ownership, parsed)
        if flaw in ("joint-owner-with-share", "sole-owner-with-share", "share-missing"):
            wanted = flaw == "share-missing"
            rows = [row for row, share in zip(unit.rows, parsed, strict=True) if (share is None) == wanted]
            faults += [Fault(HOLDERS_SHEET, row, "share", flaw) for row in rows]
        elif flaw:
            column = "share" if flaw in ("shares-not-one", "shares-too-fine") else "ownership"
            faults.append(Fault(HOLDERS_SHEET, unit.rows[0], column, flaw))
    return faults

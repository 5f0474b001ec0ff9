"""Finds units and officers of a project by the words that a person writes. Names of right-holders are guarded: store/name_searches.py."""

from collections.abc import Iterator
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text

from services.registry.domain import place_spelling
from shared.service.database import Transaction


class FoundUnit(BaseModel):
    unit_id: UUID
    project_id: UUID
    compound: str
    building: str
    stairwell: str
    door: str
    group_name: str | None
    officer_name: str | None


class FoundOfficer(BaseModel):
    staff_id: UUID
    group_id: UUID
    project_id: UUID
    name: str
    staff_number: str
    group_name: str
    units: int


class Found(BaseModel):
    """`read`: how the words were understood. `more`: whether there are more units than these."""

    read: str
    units: list[FoundUnit]
    officers: list[FoundOfficer]
    more: bool


_UNITS = text("""
    select unit_id, units.project_id, unit_code, house_code, compound, building, stairwell, door, groups.name as group_name,
        officers.name as officer_name
    from units join buildings using (building_id) left join groups on groups.group_id = units.group_id
    left join officers on officers.staff_id = units.staff_id
    where cast(:project_id as uuid) is null or units.project_id = :project_id
    order by compound, building, stairwell, floor, door, unit_id
""")
_OFFICERS = text("""
    select staff_id, group_id, groups.project_id, officers.name, staff_number, groups.name as group_name,
        (select count(*) from units where units.staff_id = officers.staff_id) as units
    from officers join groups using (group_id)
    where (cast(:project_id as uuid) is null or groups.project_id = :project_id)
        and (officers.name = :words or lower(staff_number) = lower(:words) or groups.name = :words)
    order by groups.name, staff_number limit :limit
""")


def find(tx: Transaction, words: str, *, project_id: UUID | None, limit: int) -> Found:
    folded = place_spelling.fold(words)
    units = list(_units(tx, folded, words.strip(), project_id=project_id, limit=limit + 1)) if folded else []
    search = {"project_id": project_id, "words": words.strip(), "limit": limit}
    officers = [FoundOfficer.model_validate(dict(row)) for row in tx.connection.execute(_OFFICERS, search).mappings()]
    return Found(read=folded, units=units[:limit], officers=officers, more=len(units) > limit)


def _units(tx: Transaction, folded: str, words: str, *, project_id: UUID | None, limit: int) -> Iterator[FoundUnit]:
    for row in tx.connection.execute(_UNITS, {"project_id": project_id}).mappings():
        named = place_spelling.place(row["compound"], row["building"], row["stairwell"], row["door"])
        if named.matches(folded) or words.upper() in (row["unit_code"], row["house_code"]):
            yield FoundUnit.model_validate(dict(row))
            limit -= 1
            if not limit:
                return

"""Units and people, masked."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text

from services.registry.domain.template import OF_UNIT
from services.registry.queries import fields
from shared.refusal import Unknown
from shared.service.database import Transaction


class HolderState(BaseModel):
    person_id: UUID
    masked_name: str
    kind: str
    share: str | None
    capable: bool
    overseas: bool
    guardian_id: UUID | None


@fields.shown(OF_UNIT)
class UnitState(BaseModel):
    """With every column of the template that the register keeps of a unit."""

    unit_id: UUID
    project_id: UUID
    district: str
    revision: int
    unit_code: str
    compound: str
    building: str
    stairwell: str  # a column too, as `door`; declared because code reads them by name
    door: str
    floor: int
    top_floor: int | None
    household_id: UUID
    group_id: UUID | None
    group_name: str | None
    staff_id: UUID | None
    right_holders: list[HolderState]


class OwnedUnit(BaseModel):
    unit_id: UUID
    project_id: UUID
    compound: str
    building: str
    door: str
    share: str | None


class PersonState(BaseModel):
    person_id: UUID
    district: str
    revision: int
    masked_name: str
    kind: str
    overseas: bool
    forgotten_at: datetime | None
    readers_dropped: list[str]
    units: list[OwnedUnit]


_UNIT = """
    select units.*, compound, building, groups.name as group_name, (
        select jsonb_agg(jsonb_build_object('person_id', person_id, 'masked_name', masked_name, 'kind', kind, 'share', share,
            'capable', capable, 'overseas', overseas, 'guardian_id', guardian_id) order by place)
        from holders join people using (person_id) where holders.unit_id = units.unit_id) as right_holders
    from units join buildings using (building_id) left join groups using (group_id)
"""
_PAGE = text(f"""{_UNIT} where units.project_id = :project_id and units.unit_id > :after
    and (cast(:compound as text) is null or compound = :compound) and (cast(:building as text) is null or building = :building)
    and (cast(:group_id as uuid) is null or units.group_id = :group_id)
    order by units.unit_id limit :limit
""")
_ONE = text(f"{_UNIT} where units.unit_id = :unit_id")
_PERSON = """
    select people.*, coalesce((
        select array_agg(reader order by reader) from key_receipts where key_receipts.person_id = people.person_id),
        '{}') as readers_dropped,
        coalesce((select jsonb_agg(jsonb_build_object('unit_id', unit_id, 'project_id', units.project_id, 'compound', compound,
                'building', building, 'door', door, 'share', share) order by unit_id)
            from holders join units using (unit_id) join buildings using (building_id)
            where holders.person_id = people.person_id), '[]') as units
    from people
"""
_PEOPLE = text(f"{_PERSON} where person_id > :after order by person_id limit :limit")
_RIGHT_HOLDERS = text(f"""{_PERSON} where person_id > :after and exists (
        select from holders join units using (unit_id)
        where holders.person_id = people.person_id and units.project_id = :project_id)
    order by person_id limit :limit
""")
_NAMED = text(f"{_PERSON} where person_id = any(:person_ids) order by person_id limit :limit")
_ONE_PERSON = text(f"{_PERSON} where person_id = :person_id")


def page(tx: Transaction, project_id: UUID, *, after: UUID, limit: int, **chosen: object) -> list[UnitState]:
    """`chosen`: compound, building, group_id; an omitted filter or None selects all."""
    filters = {name: chosen.get(name) for name in ("compound", "building", "group_id")}
    place = {"project_id": project_id, "after": after, "limit": limit, **filters}
    return [UnitState.model_validate(dict(row)) for row in tx.connection.execute(_PAGE, place).mappings()]


def one(tx: Transaction, unit_id: UUID) -> UnitState:
    """Raises Unknown."""
    row = tx.connection.execute(_ONE, {"unit_id": unit_id}).mappings().one_or_none()
    if row is None:
        raise Unknown
    return UnitState.model_validate(dict(row))


def people(tx: Transaction, *, after: UUID, limit: int) -> list[PersonState]:
    rows = tx.connection.execute(_PEOPLE, {"after": after, "limit": limit}).mappings()
    return [PersonState.model_validate(dict(row)) for row in rows]


def named(tx: Transaction, person_ids: Sequence[UUID], *, limit: int) -> list[PersonState]:
    rows = tx.connection.execute(_NAMED, {"person_ids": list(person_ids), "limit": limit}).mappings()
    return [PersonState.model_validate(dict(row)) for row in rows]


def right_holders(tx: Transaction, project_id: UUID, *, after: UUID, limit: int) -> list[PersonState]:
    place = {"project_id": project_id, "after": after, "limit": limit}
    return [PersonState.model_validate(dict(row)) for row in tx.connection.execute(_RIGHT_HOLDERS, place).mappings()]


def person(tx: Transaction, person_id: UUID) -> PersonState:
    """Raises Unknown."""
    row = tx.connection.execute(_ONE_PERSON, {"person_id": person_id}).mappings().one_or_none()
    if row is None:
        raise Unknown
    return PersonState.model_validate(dict(row))

"""The group or officer responsible for each unit. The stored copy of the unit's workbook row is updated too, so that the next
import finds no change.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from shared.refusal import Refused
from shared.service.database import Transaction

_GROUP = text("select name from groups where group_id = :group_id and project_id = :project_id")
_OFFICER = text("select staff_number from officers where staff_id = :staff_id and group_id = :group_id")
_NAMED = text("""
    select unit_id from units where project_id = :project_id and unit_id = any(:unit_ids) order by unit_id for update
""")
_AT = text("""
    select unit_id from units join buildings using (building_id)
    where units.project_id = :project_id and compound = :compound
        and (cast(:building as text) is null or building = :building)
        and (cast(:stairwell as text) is null or stairwell = :stairwell) order by unit_id for update of units
""")
_ASSIGN = text("""
    with changed as (
        update units set group_id = :group_id, staff_id = :staff_id, source = (source - 'officer') || cast(:words as jsonb)
        where unit_id = any(:unit_ids) and (group_id, staff_id) is distinct from (:group_id, cast(:staff_id as uuid))
        returning unit_id)
    select unit_id from changed order by unit_id
""")


@dataclass(frozen=True)
class Answering:
    """A group or officer, with the names used in a workbook."""

    group_id: UUID
    staff_id: UUID | None
    group: str
    staff_number: str | None


def answering(tx: Transaction, project_id: UUID, *, group_id: UUID, staff_id: UUID | None) -> Answering:
    """Raises Refused: unknown-group, officer-not-in-group."""
    group = tx.connection.execute(_GROUP, {"group_id": group_id, "project_id": project_id}).scalar()
    if group is None:
        raise Refused("unknown-group", group_id=group_id)
    if staff_id is None:
        return Answering(group_id, None, group, None)
    number = tx.connection.execute(_OFFICER, {"staff_id": staff_id, "group_id": group_id}).scalar()
    if number is None:
        raise Refused("officer-not-in-group", staff_id=staff_id)
    return Answering(group_id, staff_id, group, number)


def named(tx: Transaction, project_id: UUID, unit_ids: Sequence[UUID]) -> list[UUID]:
    """Those units that belong to the project, locked in one global order."""
    place = {"project_id": project_id, "unit_ids": list(unit_ids)}
    return list(tx.connection.execute(_NAMED, place).scalars())


def at(tx: Transaction, project_id: UUID, **place: str | None) -> list[UUID]:
    """`place`: compound, building, stairwell."""
    return list(tx.connection.execute(_AT, {"project_id": project_id, **place}).scalars())


def assign(tx: Transaction, unit_ids: Sequence[UUID], to: Answering) -> list[UUID]:
    """Returns the units whose assignment changed."""
    words = {"group": to.group} | ({"officer": to.staff_number} if to.staff_number else {})
    values = {"unit_ids": list(unit_ids), "group_id": to.group_id, "staff_id": to.staff_id, "words": json.dumps(words)}
    return list(tx.connection.execute(_ASSIGN, values).scalars())

"""Assigns units to a group or to one of its officers: by id, or all of a stairwell, building or compound."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.registry.domain.act import Act
from services.registry.store import acts, assignments, projects
from shared.events.registry import UnitAssigned
from shared.refusal import Refused, Unknown
from shared.service.database import Transaction


@dataclass(frozen=True)
class AssignUnits:
    """Either `unit_ids` or a place: a compound, narrowed by building and stairwell."""

    project_id: UUID
    group_id: UUID
    by: str
    at: datetime
    staff_id: UUID | None = None
    unit_ids: tuple[UUID, ...] | None = None
    compound: str | None = None
    building: str | None = None
    stairwell: str | None = None


def assign_units(tx: Transaction, command: AssignUnits) -> tuple[int, int]:
    """Returns how many units were selected and how many changed. An unchanged unit emits no event.

    Raises Unknown, also for a unit that is not of this project; Refused: unknown-group, officer-not-in-group,
    place-without-units.
    """
    projects.lock(tx, command.project_id)
    to = assignments.answering(tx, command.project_id, group_id=command.group_id, staff_id=command.staff_id)
    if command.unit_ids is not None:
        meant = assignments.named(tx, command.project_id, command.unit_ids)
        if len(meant) < len(set(command.unit_ids)):
            raise Unknown
    else:
        place = {"compound": command.compound, "building": command.building, "stairwell": command.stairwell}
        meant = assignments.at(tx, command.project_id, **place)
        if not meant:
            raise Refused("place-without-units", **{name: value for name, value in place.items() if value})
    changed = assignments.assign(tx, meant, to)
    tx.record(
        *(
            UnitAssigned(
                project_id=command.project_id, unit_id=unit_id, group_id=command.group_id, staff_id=command.staff_id
            )
            for unit_id in changed
        )
    )
    named = " ".join(filter(None, (to.group, to.staff_number)))
    counts = {"units": len(meant), "changed": len(changed)}
    acts.record(tx, Act("units-assigned", command.by, command.at, command.project_id, to.group_id, named, **counts))
    return len(meant), len(changed)

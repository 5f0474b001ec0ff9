"""/register/projects/{project_id}/groups and /assignments: who answers for which units."""

from typing import Any
from uuid import UUID

from flask import Blueprint, request

from services.registry.queries import places, projects, readiness
from services.registry.web import frame
from services.registry.web.frame import FIRST
from shared.service import identity
from shared.service.context import context
from shared.service.database import Transaction, reading
from shared.web.shell import text

_GROUPS, _BUILDINGS, _LISTED = 500, 1_000, 200


def add_to(pages: Blueprint) -> None:
    frame.add(pages, "/register/projects/<uuid:project_id>/groups", group_list)
    frame.add(pages, "/register/projects/<uuid:project_id>/assignments", assignment)


def group_list(project_id: UUID) -> str:
    with reading(context().engine, granted=identity.current().granted) as tx:
        facts = _facts(tx, project_id)
        counts = readiness.by_group(tx, project_id)
    of_group: dict[UUID, int] = {}
    for (group_id, _), units in counts.items():
        of_group[group_id] = of_group.get(group_id, 0) + units
    return frame.page(
        "registry-groups.html", "projects", title=text("groups.title"), counts=counts, of_group=of_group, **facts
    )


def assignment(project_id: UUID) -> str:
    """Chooses a place by the address: a compound, narrowed to a building and a stairwell; or one group's units, or those of none."""
    place = {name: request.args.get(name) or None for name in ("compound", "building", "stairwell")}
    group_id, unassigned = frame.id_of("group_id"), request.args.get("unassigned") == "1"
    subject = identity.current()
    login = subject.subject if request.args.get("mine") == "1" else None
    with reading(context().engine, granted=identity.current().granted) as tx:
        facts = _facts(tx, project_id)
        found = places.assignments(
            tx,
            project_id,
            after=FIRST,
            limit=_LISTED + 1,
            group_id=group_id,
            unassigned=unassigned,
            login=login,
            staff_number=subject.staff_number,
            at=place,
        )
        buildings = sorted(
            places.buildings(tx, project_id, after=FIRST, limit=_BUILDINGS),
            key=lambda building: (building.compound, len(building.building), building.building),
        )
    return frame.page(
        "registry-assign.html",
        "projects",
        title=text("assign.title"),
        place=place,
        chosen_group=group_id,
        unassigned=unassigned,
        found=found[:_LISTED],
        more=len(found) > _LISTED,
        buildings=buildings,
        units=request.args.get("units", type=int),
        changed=request.args.get("changed", type=int),
        **facts,
    )


def _facts(tx: Transaction, project_id: UUID) -> dict[str, Any]:
    return {
        "project": projects.one(tx, project_id),
        "project_id": project_id,
        "groups": sorted(projects.groups(tx, project_id, after=FIRST, limit=_GROUPS), key=lambda group: group.name),
        "ready": readiness.of(tx, project_id),
    }

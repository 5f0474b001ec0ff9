"""/register/projects/{project_id}/groups and /assignments: who answers for which units."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

from flask import Blueprint, request

from services.registry.queries import acts, places, projects, readiness
from services.registry.queries.places import AssignmentState
from services.registry.web import frame
from services.registry.web.frame import FIRST, SHOWN
from shared.service import identity
from shared.service.context import context
from shared.service.database import Transaction, reading
from shared.web.shell import text

_GROUPS, _BUILDINGS, _LISTED, _DRAWN = 500, 1_000, 200, 1_000


def add_to(pages: Blueprint) -> None:
    frame.add(pages, "/register/projects/<uuid:project_id>/groups", group_list)
    frame.add(pages, "/register/projects/<uuid:project_id>/assignments", assignment)


def group_list(project_id: UUID) -> str:
    with reading(context().engine, granted=identity.current().granted) as tx:
        facts = _facts(tx, project_id)
        counts = readiness.by_group(tx, project_id)
        done = acts.of_project(tx, project_id, "group-formed", "officer-added", limit=SHOWN)
    of_group: dict[UUID, int] = {}
    for (group_id, _), units in counts.items():
        of_group[group_id] = of_group.get(group_id, 0) + units
    return frame.page(
        "registry-groups.html",
        "projects",
        title=text("groups.title"),
        counts=counts,
        of_group=of_group,
        acts=done,
        **facts,
    )


def assignment(project_id: UUID) -> str:
    """Chooses a place by the address: a compound, narrowed to a building and a stairwell; or one group's units, or those of none.
    A building is drawn as it stands, floor over floor; more than one is a list.
    """
    place = {name: request.args.get(name) or None for name in ("compound", "building", "stairwell")}
    group_id, unassigned = frame.id_of("group_id"), request.args.get("unassigned") == "1"
    most = _DRAWN if place["building"] else _LISTED
    subject = identity.current()
    login = subject.subject if request.args.get("mine") == "1" else None
    with reading(context().engine, granted=identity.current().granted) as tx:
        facts = _facts(tx, project_id)
        found = places.assignments(
            tx,
            project_id,
            after=FIRST,
            limit=most + 1,
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
        left_in = readiness.unassigned(tx, project_id)
        done = acts.of_project(tx, project_id, "units-assigned", limit=SHOWN)
    return frame.page(
        "registry-assign.html",
        "projects",
        title=text("assign.title"),
        place=place,
        chosen_group=group_id,
        unassigned=unassigned,
        found=found[:most],
        drawn=_drawn(found[:most]) if place["building"] else [],
        more=len(found) > most,
        buildings=buildings,
        left_in=left_in,
        acts=done,
        units=request.args.get("units", type=int),
        changed=request.args.get("changed", type=int),
        **facts,
    )


def _drawn(units: Sequence[AssignmentState]) -> list[tuple[str, list[tuple[int, list[AssignmentState]]]]]:
    """The stairwells of a building, in each the floors from the top."""

    def stairwell(unit: AssignmentState) -> str:
        return f"{unit.compound} {unit.building} {unit.stairwell}"

    def at(unit: AssignmentState) -> tuple[int, str, int, int, str]:
        return len(stairwell(unit)), stairwell(unit), -unit.floor, len(unit.door), unit.door

    return [
        (name, [(floor, list(row)) for floor, row in groupby(inside, key=lambda unit: unit.floor)])
        for name, inside in groupby(sorted(units, key=at), key=stairwell)
    ]


def _facts(tx: Transaction, project_id: UUID) -> dict[str, Any]:
    return {
        "project": projects.one(tx, project_id),
        "project_id": project_id,
        "groups": sorted(projects.groups(tx, project_id, after=FIRST, limit=_GROUPS), key=lambda group: group.name),
        "ready": readiness.of(tx, project_id),
    }

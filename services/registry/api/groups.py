"""/api/v1/projects/{project_id}/groups, /groups/{group_id}, its /officers, and /projects/{project_id}/assignments"""

from uuid import UUID

from flask import Blueprint
from pydantic import BaseModel

from services.registry.api.bodies import AssignBody, AssignmentsQuery, FormGroupBody, OfficerBody
from services.registry.commands.assign_units import AssignUnits, assign_units
from services.registry.commands.form_group import AddOfficer, FormGroup, NewOfficer, add_officer, form_group
from services.registry.queries import places
from services.registry.queries import projects as reads
from services.registry.queries.places import AssignmentState
from services.registry.queries.projects import GroupState
from shared.service import database, http, identity
from shared.service.context import context
from shared.service.http import Page, Paged
from shared.service.idempotency import once

groups = Blueprint("groups", __name__, url_prefix="/api/v1")
_LEADERS = ("clerk", "command")
_FIRST = UUID(int=0)


class Assigned(BaseModel):
    """`units`: how many were selected; `changed`: how many have a new group or officer."""

    group_id: UUID
    staff_id: UUID | None
    units: int
    changed: int


@http.route(
    groups,
    "POST",
    "/projects/<uuid:project_id>/groups",
    roles=_LEADERS,
    answers=GroupState,
    problems=("group-formed", "officer-twice"),
)
def add_group(project_id: UUID, body: FormGroupBody) -> http.Answer:
    officers = [_officer(officer) for officer in body.officers]
    command = FormGroup(project_id, body.name, officers, by=identity.current().subject, at=context().clock.now())
    with database.begin(context().engine, district=identity.current().district) as tx:
        return once(tx, lambda: http.created(reads.group(tx, form_group(tx, command).group_id)))


@http.route(groups, "GET", "/projects/<uuid:project_id>/groups", roles=identity.ROLES, answers=Paged[GroupState])
def list_groups(project_id: UUID, query: Page) -> http.Answer:
    (after,) = query.after(UUID) or (_FIRST,)
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        places.in_project(tx, project_id)
        found = reads.groups(tx, project_id, after=after, limit=query.limit + 1)
    return http.paged(found, query=query, place=lambda row: (row.group_id,), of=Paged[GroupState])


@http.route(groups, "GET", "/groups/<uuid:group_id>", roles=identity.ROLES, answers=GroupState)
def show_group(group_id: UUID) -> http.Answer:
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        return http.ok(reads.group(tx, group_id))


@http.route(
    groups,
    "POST",
    "/groups/<uuid:group_id>/officers",
    roles=_LEADERS,
    answers=GroupState,
    problems=("officer-twice",),
)
def add_officer_to_group(group_id: UUID, body: OfficerBody) -> http.Answer:
    """Adds an officer to an existing group."""
    command = AddOfficer(group_id, _officer(body), by=identity.current().subject, at=context().clock.now())
    with database.begin(context().engine, district=identity.current().district) as tx:

        def carry_out() -> http.Answer:
            add_officer(tx, command)
            return http.created(reads.group(tx, group_id))

        return once(tx, carry_out)


@http.route(
    groups,
    "GET",
    "/projects/<uuid:project_id>/assignments",
    roles=identity.ROLES,
    answers=Paged[AssignmentState],
)
def list_assignments(project_id: UUID, query: AssignmentsQuery) -> http.Answer:
    (after,) = query.after(UUID) or (_FIRST,)
    chosen = query.model_dump(include={"group_id", "staff_id", "unassigned"})
    subject = identity.current()
    chosen |= {"login": subject.subject if query.mine else None, "staff_number": subject.staff_number}
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        places.in_project(tx, project_id)
        found = places.assignments(tx, project_id, after=after, limit=query.limit + 1, **chosen)
    return http.paged(found, query=query, place=lambda row: (row.unit_id,), of=Paged[AssignmentState])


@http.route(
    groups,
    "POST",
    "/projects/<uuid:project_id>/assignments",
    roles=_LEADERS,
    answers=Assigned,
    problems=("unknown-group", "officer-not-in-group", "place-without-units"),
)
def assign(project_id: UUID, body: AssignBody) -> http.Answer:
    """Assigns units to a group or one of its officers: by id, or a whole stairwell, building or compound."""
    by, now = identity.current().subject, context().clock.now()
    command = AssignUnits(project_id, **body.model_dump(), by=by, at=now)
    with database.begin(context().engine, district=identity.current().district) as tx:

        def carry_out() -> http.Answer:
            units, changed = assign_units(tx, command)
            return http.created(Assigned(group_id=body.group_id, staff_id=body.staff_id, units=units, changed=changed))

        return once(tx, carry_out)


def _officer(body: OfficerBody) -> NewOfficer:
    return NewOfficer(body.staff_number, body.name, body.subject)

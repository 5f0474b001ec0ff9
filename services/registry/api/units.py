"""/api/v1/projects/{project_id}/units, /units/{unit_id} and its /events"""

from uuid import UUID

from flask import Blueprint

from services.registry.api.bodies import UnitsQuery
from services.registry.api.corrections import READERS
from services.registry.queries import places, unit_events
from services.registry.queries import units as reads
from services.registry.queries.unit_events import UnitEvent
from services.registry.queries.units import UnitState
from shared.service import database, http, identity
from shared.service.context import context
from shared.service.http import Page, Paged

units = Blueprint("units", __name__, url_prefix="/api/v1")


@http.route(units, "GET", "/projects/<uuid:project_id>/units", roles=identity.ROLES, answers=Paged[UnitState])
def list_units(project_id: UUID, query: UnitsQuery) -> http.Answer:
    (after,) = query.after(UUID) or (UUID(int=0),)
    chosen = {"compound": query.compound, "building": query.building, "group_id": query.group_id}
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        places.in_project(tx, project_id)
        found = reads.page(tx, project_id, after=after, limit=query.limit + 1, **chosen)
    return http.paged(found, query=query, place=lambda row: (row.unit_id,), of=Paged[UnitState])


@http.route(units, "GET", "/units/<uuid:unit_id>", roles=identity.ROLES, answers=UnitState)
def show_unit(unit_id: UUID) -> http.Answer:
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        found = reads.one(tx, unit_id)
    return http.ok(found, version=found.revision)


@http.route(units, "GET", "/units/<uuid:unit_id>/events", roles=identity.ROLES, answers=Paged[UnitEvent])
def list_unit_events(unit_id: UUID, query: Page) -> http.Answer:
    """The unit's registrations and assignments, the newest first, by the events in which they left."""
    (before,) = query.after(int) or (unit_events.LAST,)
    authors = not identity.current().roles.isdisjoint(READERS)
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        found = unit_events.of(tx, unit_id, before=before, limit=query.limit + 1, authors=authors)
    return http.paged(found, query=query, place=lambda row: (row.place,), of=Paged[UnitEvent])

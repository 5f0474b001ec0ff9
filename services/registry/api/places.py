"""/api/v1/projects/{project_id}/compounds, /buildings, /households, /right-holders, /roll/units; /buildings/{building_id}"""

from uuid import UUID

from flask import Blueprint

from services.registry.api.bodies import BuildingsQuery
from services.registry.queries import places as reads
from services.registry.queries import projects as rolls
from services.registry.queries import units as people
from services.registry.queries.places import BuildingState, CompoundState, HouseholdState
from services.registry.queries.projects import RollLine
from services.registry.queries.units import PersonState
from shared.service import database, http, identity
from shared.service.context import context
from shared.service.http import Page, Paged

places = Blueprint("places", __name__, url_prefix="/api/v1")
_FIRST = UUID(int=0)


@http.route(places, "GET", "/projects/<uuid:project_id>/compounds", roles=identity.ROLES, answers=Paged[CompoundState])
def list_compounds(project_id: UUID, query: Page) -> http.Answer:
    (after,) = query.after(str) or ("",)
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        reads.in_project(tx, project_id)
        found = reads.compounds(tx, project_id, after=after, limit=query.limit + 1)
    return http.paged(found, query=query, place=lambda row: (row.compound,), of=Paged[CompoundState])


@http.route(places, "GET", "/projects/<uuid:project_id>/buildings", roles=identity.ROLES, answers=Paged[BuildingState])
def list_buildings(project_id: UUID, query: BuildingsQuery) -> http.Answer:
    """The buildings of a project, each with its stairwells."""
    (after,) = query.after(UUID) or (_FIRST,)
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        reads.in_project(tx, project_id)
        found = reads.buildings(tx, project_id, after=after, limit=query.limit + 1, compound=query.compound)
    return http.paged(found, query=query, place=lambda row: (row.building_id,), of=Paged[BuildingState])


@http.route(places, "GET", "/buildings/<uuid:building_id>", roles=identity.ROLES, answers=BuildingState)
def show_building(building_id: UUID) -> http.Answer:
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        return http.ok(reads.building(tx, building_id))


@http.route(
    places, "GET", "/projects/<uuid:project_id>/households", roles=identity.ROLES, answers=Paged[HouseholdState]
)
def list_households(project_id: UUID, query: Page) -> http.Answer:
    (after,) = query.after(UUID) or (_FIRST,)
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        reads.in_project(tx, project_id)
        found = reads.households(tx, project_id, after=after, limit=query.limit + 1)
    return http.paged(found, query=query, place=lambda row: (row.household_id,), of=Paged[HouseholdState])


@http.route(
    places, "GET", "/projects/<uuid:project_id>/right-holders", roles=identity.ROLES, answers=Paged[PersonState]
)
def list_right_holders(project_id: UUID, query: Page) -> http.Answer:
    """The right-holders of a project, masked, each once with the units they own here and elsewhere in the district."""
    (after,) = query.after(UUID) or (_FIRST,)
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        reads.in_project(tx, project_id)
        found = people.right_holders(tx, project_id, after=after, limit=query.limit + 1)
    return http.paged(found, query=query, place=lambda row: (row.person_id,), of=Paged[PersonState])


@http.route(places, "GET", "/projects/<uuid:project_id>/roll/units", roles=identity.ROLES, answers=Paged[RollLine])
def list_roll(project_id: UUID, query: Page) -> http.Answer:
    """The lines of the frozen roll. Its totals and digest can be recomputed from them."""
    (after,) = query.after(UUID) or (_FIRST,)
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        rolls.roll(tx, project_id)
        found = rolls.roll_lines(tx, project_id, after=after, limit=query.limit + 1)
    return http.paged(found, query=query, place=lambda row: (row.unit_id,), of=Paged[RollLine])

"""GET /api/v1/projects, /projects/{project_id}/rates, /projects/{project_id}/signings, /units/{unit_id}, /city."""

from datetime import datetime
from functools import partial
from typing import Any, cast
from uuid import UUID

from flask import Blueprint

from services.reporting.api.bodies import City, Projects, Rates, SigningPage, UnitState
from services.reporting.queries import as_of, cells, districts, signings, snapshot, standings
from services.reporting.queries.as_of import AsOfState
from services.reporting.queries.signings import SigningState
from shared.refusal import Unknown
from shared.service import http, identity
from shared.service.context import context
from shared.service.database import Transaction

api = Blueprint("reporting_api", __name__, url_prefix="/api/v1")


def moment(tx: Transaction, district: str | None = None) -> AsOfState:
    return as_of.of(tx, context().clock, district=district)


def project(tx: Transaction, project_id: UUID) -> standings.Standing:
    """Raises Unknown, also for a project of a district that is not granted."""
    found = standings.of(tx, [project_id])
    if not found:
        raise Unknown
    return found[0]


@http.route(api, "GET", "/projects", roles=identity.ROLES, answers=Projects)
def list_projects() -> http.Answer:
    with snapshot.granted() as tx:
        return http.ok(Projects(items=[*standings.of(tx)], as_of=moment(tx)))


@http.route(
    api, "GET", "/projects/<uuid:project_id>/rates", roles=identity.ROLES, answers=Rates, problems=("not-found",)
)
def project_rates(project_id: UUID) -> http.Answer:
    with snapshot.granted() as tx:
        standing = project(tx, project_id)
        return http.ok(Rates(**dict(standing), as_of=moment(tx, standing.district)))


@http.route(
    api,
    "GET",
    "/projects/<uuid:project_id>/signings",
    roles=identity.ROLES,
    answers=SigningPage,
    problems=("not-found",),
)
def project_signings(project_id: UUID, query: http.Page) -> http.Answer:
    after = cast("Any", query.after(datetime, UUID))
    with snapshot.granted() as tx:
        standing = project(tx, project_id)
        items = signings.latest(tx, [project_id], limit=query.limit + 1, before=after)
        of = cast("type[http.Paged[SigningState]]", partial(SigningPage, as_of=moment(tx, standing.district)))
        return http.paged(items, query=query, place=lambda item: (item.at.isoformat(), item.agreement_id), of=of)


@http.route(api, "GET", "/units/<uuid:unit_id>", roles=identity.ROLES, answers=UnitState, problems=("not-found",))
def unit(unit_id: UUID) -> http.Answer:
    with snapshot.granted() as tx:
        found = cells.of_units(tx, [unit_id])
        if not found:
            raise Unknown
        return http.ok(UnitState(**dict(found[0]), as_of=moment(tx, found[0].district)))


@http.route(api, "GET", "/city", roles=identity.ROLES, answers=City)
def city() -> http.Answer:
    with snapshot.granted() as tx:
        return http.ok(City(districts=districts.of(tx, context().clock), as_of=moment(tx)))

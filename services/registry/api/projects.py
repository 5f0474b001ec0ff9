"""/api/v1/districts, /projects, /projects/{project_id}/roll"""

from uuid import UUID

from flask import Blueprint
from pydantic import BaseModel

from services.registry.api.bodies import FreezeRollBody, OpenDistrictBody, OpenProjectBody
from services.registry.commands.freeze_roll import FreezeRoll, freeze_roll
from services.registry.commands.open_district import OpenDistrict, open_district
from services.registry.commands.open_project import OpenProject, open_project
from services.registry.queries import projects as reads
from services.registry.queries.projects import DistrictState, ProjectState, RollState
from shared.events.registry import PlannedCount, SigningPeriod, ThresholdBasis
from shared.refusal import Unknown
from shared.service import database, http, identity
from shared.service.context import context
from shared.service.http import Page, Paged
from shared.service.idempotency import once

projects = Blueprint("projects", __name__, url_prefix="/api/v1")
_FIRST = UUID(int=0)


class Opened(BaseModel):
    district: str
    name: str


@http.route(
    projects,
    "POST",
    "/districts",
    roles=("city",),
    answers=Opened,
    problems=("district-code-invalid", "district-open"),
)
def add_district(body: OpenDistrictBody) -> http.Answer:
    if not {database.EVERY, body.district}.intersection(identity.current().granted):
        raise Unknown
    command = OpenDistrict(body.name, by=identity.current().subject, at=context().clock.now())

    with database.begin(context().engine, district=body.district) as tx:

        def carry_out() -> http.Answer:
            open_district(tx, command)
            return http.created(Opened(district=body.district, name=body.name))

        return once(tx, carry_out)


@http.route(projects, "GET", "/districts", roles=identity.ROLES, answers=Paged[DistrictState])
def list_districts(query: Page) -> http.Answer:
    (after,) = query.after(str) or ("",)
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        found = reads.districts(tx, after=after, limit=query.limit + 1)
    return http.paged(found, query=query, place=lambda row: (row.district,), of=Paged[DistrictState])


@http.route(projects, "GET", "/districts/<district>", roles=identity.ROLES, answers=DistrictState)
def show_district(district: str) -> http.Answer:
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        return http.ok(reads.district(tx, district))


@http.route(
    projects,
    "POST",
    "/projects",
    roles=("clerk", "command"),
    answers=ProjectState,
    problems=(
        "period-empty",
        "basis-twice",
        "series-twice",
        "signing-plan-disordered",
        "district-not-open",
        "project-open",
    ),
)
def add_project(body: OpenProjectBody) -> http.Answer:
    command = OpenProject(
        name=body.name,
        period=SigningPeriod(starts_at=body.starts_at, ends_at=body.ends_at),
        bases=tuple(ThresholdBasis(**basis.model_dump()) for basis in body.bases),
        series=body.series,
        counting_rule=body.counting_rule,
        plan=body.plan,
        signing_plan=tuple(PlannedCount(at=point.at, units=point.units) for point in body.signing_plan),
        auto_effect=body.auto_effect,
        by=identity.current().subject,
        at=context().clock.now(),
    )
    with database.begin(context().engine, district=identity.current().district) as tx:
        return once(tx, lambda: http.created(reads.one(tx, open_project(tx, command).project_id)))


@http.route(projects, "GET", "/projects", roles=identity.ROLES, answers=Paged[ProjectState])
def list_projects(query: Page) -> http.Answer:
    (after,) = query.after(UUID) or (_FIRST,)
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        found = reads.page(tx, after=after, limit=query.limit + 1)
    return http.paged(found, query=query, place=lambda row: (row.project_id,), of=Paged[ProjectState])


@http.route(projects, "GET", "/projects/<uuid:project_id>", roles=identity.ROLES, answers=ProjectState)
def show_project(project_id: UUID) -> http.Answer:
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        return http.ok(reads.one(tx, project_id))


@http.route(
    projects,
    "POST",
    "/projects/<uuid:project_id>/roll",
    roles=("clerk", "command"),
    answers=RollState,
    problems=("roll-frozen", "roll-empty"),
)
def add_roll(project_id: UUID, body: FreezeRollBody) -> http.Answer:  # noqa: ARG001 - declared, so that unknown fields are refused
    command = FreezeRoll(project_id, by=identity.current().subject, at=context().clock.now())
    with database.begin(context().engine, district=identity.current().district) as tx:
        return once(tx, lambda: http.created(RollState(**freeze_roll(tx, command).model_dump())))


@http.route(projects, "GET", "/projects/<uuid:project_id>/roll", roles=identity.ROLES, answers=RollState)
def show_roll(project_id: UUID) -> http.Answer:
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        return http.ok(reads.roll(tx, project_id))

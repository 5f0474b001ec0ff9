"""Projects: the count on every basis, the numbers given, effect declared, period closed, day closed."""

from uuid import UUID

from flask import Blueprint

from services.signing.api import transaction
from services.signing.api.bodies import CloseDay, Declaration, Nothing
from services.signing.commands.close_day import CloseDay as CloseDayCommand
from services.signing.commands.close_day import close_day
from services.signing.commands.decide_project import ClosePeriod, DeclareEffect, close_period, declare_effect
from services.signing.domain.day import ClosedDay
from services.signing.domain.project import Project
from services.signing.queries import day_list, number_list, project_count
from services.signing.queries.day_list import DayRow, DaysQuery
from services.signing.queries.number_list import NumberRow, NumbersQuery
from services.signing.queries.project_count import ProjectCount
from shared.service import database, http, identity
from shared.service.context import context
from shared.service.database import Transaction

projects = Blueprint("projects", __name__, url_prefix="/api/v1")
_IT = "/projects/<uuid:project_id>"


def _answer(tx: Transaction, project: Project) -> ProjectCount:
    return project_count.read(tx, project.project_id)


def _day(_: Transaction, day: ClosedDay) -> DayRow:
    return DayRow.model_validate(day)


@http.route(projects, "GET", _IT, roles=identity.ROLES, answers=ProjectCount, problems=("project-unknown",))
def read_project(project_id: UUID) -> http.Answer:
    """The count over the frozen roll on every basis of the project, and what has been decided."""
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        found = project_count.read(tx, project_id)
    return http.ok(found, version=found.version)


@http.route(
    projects,
    "GET",
    f"{_IT}/numbers",
    roles=identity.ROLES,
    answers=http.Paged[NumberRow],
    problems=("project-unknown", "cursor-invalid"),
)
def list_numbers(project_id: UUID, query: NumbersQuery) -> http.Answer:
    """Sequence numbers in order, the detached ones with their reason."""
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        rows = number_list.read(tx, project_id, query)
    return http.paged(rows, query=query, place=lambda row: (row.series, row.number), of=http.Paged[NumberRow])


@http.route(
    projects,
    "POST",
    f"{_IT}/declarations",
    roles=("command",),
    answers=ProjectCount,
    problems=("project-unknown", "threshold-not-reached", "effect-already-declared", "clock-jumped"),
)
def declare(project_id: UUID, body: Declaration) -> http.Answer:
    """Declares effect. All signed agreements take effect together, later ones as they are signed."""
    command = DeclareEffect(project_id, body.document_number, transaction.by())
    return transaction.once(declare_effect, command, _answer)


@http.route(
    projects,
    "POST",
    f"{_IT}/closings",
    roles=("command",),
    answers=ProjectCount,
    problems=("project-unknown", "period-still-open", "roll-not-frozen", "clock-jumped"),
)
def close(project_id: UUID, body: Nothing) -> http.Answer:  # noqa: ARG001 - an empty body is read, so that a wrong one is refused
    """Closes the period after its end. If the threshold was not reached, all signed agreements become void."""
    return transaction.once(close_period, ClosePeriod(project_id, transaction.by()), _answer)


@http.route(
    projects,
    "GET",
    f"{_IT}/days",
    roles=identity.ROLES,
    answers=http.Paged[DayRow],
    problems=("project-unknown", "cursor-invalid"),
)
def list_days(project_id: UUID, query: DaysQuery) -> http.Answer:
    """Closed days, the newest first; a day that was closed again appears with each restatement."""
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        found = day_list.read(tx, project_id, query)
    return http.paged(found, query=query, place=day_list.place, of=http.Paged[DayRow])


@http.route(
    projects,
    "POST",
    f"{_IT}/days",
    roles=("command",),
    answers=DayRow,
    problems=("project-unknown", "day-not-over", "project-settling", "clock-jumped"),
)
def freeze_day(project_id: UUID, body: CloseDay) -> http.Answer:
    """Freezes the figures of a business day as of a feed number. Closing a day again adds a restatement."""
    command = CloseDayCommand(project_id, body.business_on, transaction.by())
    return transaction.once(close_day, command, _day)

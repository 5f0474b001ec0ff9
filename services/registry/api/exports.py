"""/api/v1/projects/{project_id}/export.xlsx, masked; /projects/{project_id}/exports, readable; /exports for the auditor"""

from collections.abc import Iterator
from uuid import UUID

from flask import Blueprint, Response

from services.registry.api.bodies import ReasonBody
from services.registry.commands.export_register import ExportRegister, export_register
from services.registry.domain.template import BUILDINGS, BUILDINGS_SHEET, HOLDERS, HOLDERS_SHEET
from services.registry.gateways import workbook_stream
from services.registry.queries import exports as reads
from services.registry.queries import places
from services.registry.queries.exports import ExportState, Row
from shared.service import database, http, identity
from shared.service.context import context
from shared.service.http import Page, Paged

exports = Blueprint("exports", __name__, url_prefix="/api/v1")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_READERS = ("clerk", "command", "city", "auditor")
_CLERKS = ("clerk", "command")
_FIRST = UUID(int=0)


@http.route(exports, "GET", "/projects/<uuid:project_id>/export.xlsx", roles=_READERS, media=XLSX)
def export_masked(project_id: UUID) -> Response:
    """The imported data in the template's format: names masked, no document numbers, telephones or addresses."""
    engine, granted = context().engine, identity.current().granted
    with database.reading(engine, granted=granted) as tx:
        places.in_project(tx, project_id)
    holders = reads.masked(engine, project_id, granted=granted)
    return _workbook(project_id, holders, reads.buildings(engine, project_id, granted=granted))


# No idempotency key, as for a reveal: it changes nothing twice, and its response must not be stored for a replay.
@http.route(
    exports,
    "POST",
    "/projects/<uuid:project_id>/exports",
    roles=_CLERKS,
    media=XLSX,
    changes=False,
)
def export_readable(project_id: UUID, body: ReasonBody) -> Response:
    """The same with readable values, for another import. The export and its reason are recorded before it begins."""
    subject, engine = identity.current(), context().engine
    command = ExportRegister(
        project_id, body.reason, subject.subject, roles=tuple(sorted(subject.roles)), at=context().clock.now()
    )
    with database.begin(engine, district=subject.district) as tx:
        export_register(tx, command)
    holders = reads.readable(engine, context().resources, project_id, district=subject.district)
    return _workbook(project_id, holders, reads.buildings(engine, project_id, granted=[subject.district]))


@http.route(exports, "GET", "/exports", roles=("auditor",), answers=Paged[ExportState])
def list_exports(query: Page) -> http.Answer:
    """The readable exports: who, which project, why."""
    (after,) = query.after(UUID) or (_FIRST,)
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        found = reads.page(tx, after=after, limit=query.limit + 1)
    return http.paged(found, query=query, place=lambda row: (row.export_id,), of=Paged[ExportState])


def _workbook(project_id: UUID, holders: Iterator[Row], buildings: Iterator[Row]) -> Response:
    """Written as it is sent."""
    content = workbook_stream.stream([(HOLDERS_SHEET, HOLDERS, holders), (BUILDINGS_SHEET, BUILDINGS, buildings)])
    answer = Response(content, mimetype=XLSX)
    answer.headers.set("Content-Disposition", "attachment", filename=f"project-{project_id}.xlsx")
    return answer

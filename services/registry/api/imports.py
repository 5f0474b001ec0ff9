"""/api/v1/imports/template, its .csv, /projects/{project_id}/imports, /imports/{import_id} and, below it, /annotated.xlsx,
/annotations, /commit, /abandon; /annotations for the auditor
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, cast
from uuid import UUID

from flask import Blueprint, Response, request, send_file

from services.registry.api.bodies import AbandonBody, CommitBody, ImportsQuery, ReasonBody
from services.registry.api.exports import XLSX
from services.registry.commands.abandon_import import abandon_import
from services.registry.commands.annotate_import import AnnotateImport, annotate_import
from services.registry.commands.commit_import import ask_for_commit
from services.registry.commands.upload_import import UploadImport, upload_import
from services.registry.domain.imports import LARGEST_BYTES
from services.registry.gateways import csv_writer, workbook_writer
from services.registry.queries import annotated, annotations, places
from services.registry.queries import imports as reads
from services.registry.queries.annotations import AnnotationState
from services.registry.queries.imports import ImportReport, ImportState
from shared.refusal import Refused
from shared.service import database, front, http, identity
from shared.service.context import context
from shared.service.http import Page, Paged
from shared.service.idempotency import once
from shared.text import shown
from shared.web.shell import language, text

imports = Blueprint("imports", __name__, url_prefix="/api/v1")
CSV = "text/csv"
_CLERKS = ("clerk", "command")
_READERS = ("clerk", "command", "auditor")
_IN_MEMORY = 8 * 1024 * 1024
_FIRST, _LAST = UUID(int=0), UUID(int=2**128 - 1)
_UPLOAD_PROBLEMS = (
    "file-missing", "roll-frozen", "workbook-unreadable", "workbook-encrypted", "workbook-macros", "workbook-too-large",
    "workbook-wrong-sheet", "workbook-wrong-columns", "csv-encoding", "csv-nul", "csv-separator",
    "csv-quotes",
)  # fmt: skip
_ANNOTATION_PROBLEMS = (
    "import-file-gone", "import-not-faulty", "workbook-unreadable", "workbook-too-large", "workbook-wrong-columns",
    "workbook-wrong-sheet", "csv-quotes", "csv-ragged",
)  # fmt: skip


@http.route(imports, "GET", "/imports/template", roles=_READERS, media=XLSX)
def template() -> Response:
    """The workbook to fill in: two sheets, notes at the headers, lists to choose from."""
    with _file() as file:
        workbook_writer.template_into(file)
    return _sent(file, "clearwater-template.xlsx", XLSX)


@http.route(imports, "GET", "/imports/template.csv", roles=_READERS, media=CSV)
def template_csv() -> Response:
    """The same as a csv: the buildings' header, an empty line, the right-holders' header.

    Rows go below their header; there may be any number, in either order, and a header may come again. Letters of the columns are the
    workbook's, rows are counted through the file as a spreadsheet counts them, headers and empty lines included. UTF-8 (with or
    without a byte-order mark) or GB18030, commas, CRLF or LF, quotes as in RFC 4180. Dates: 2005-03-01 or 2005/3/1.
    """
    with _file() as file:
        csv_writer.write(file)
    return _sent(file, "clearwater-template.csv", CSV)


@http.route(
    imports,
    "POST",
    "/projects/<uuid:project_id>/imports",
    roles=_CLERKS,
    answers=ImportState,
    status=202,
    problems=_UPLOAD_PROBLEMS,
    files=("file",),
)
def upload(project_id: UUID) -> http.Answer:
    """Uploads a workbook or, if the file name ends in .csv, a csv, in the template's format. Starts with a dry run."""
    request.max_content_length = LARGEST_BYTES + 65_536  # for the multipart headers around it
    if (file := request.files.get("file")) is None:
        raise Refused("file-missing")
    name = shown(file.filename or "workbook.xlsx")[-120:]
    command = UploadImport(project_id, file.stream, name, by=identity.current().subject, at=context().clock.now())
    with database.begin(context().engine, district=identity.current().district) as tx:

        def carry_out() -> http.Answer:
            import_id = upload_import(tx, context().resources, command)
            answer = http.created(reads.one(tx, import_id), location=f"{front.api_prefix()}/imports/{import_id}")
            answer.status_code = 202
            return answer

        return once(tx, carry_out)


@http.route(imports, "GET", "/projects/<uuid:project_id>/imports", roles=_READERS, answers=Paged[ImportState])
def list_imports(project_id: UUID, query: ImportsQuery) -> http.Answer:
    (before,) = query.after(UUID) or (_LAST,)
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        places.in_project(tx, project_id)
        found = reads.page(tx, project_id, before=before, limit=query.limit + 1, unfinished=query.unfinished)
    return http.paged(found, query=query, place=lambda row: (row.import_id,), of=Paged[ImportState])


@http.route(imports, "GET", "/imports/<uuid:import_id>", roles=_READERS, answers=ImportReport)
def report(import_id: UUID) -> http.Answer:
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        found = reads.report(tx, import_id, sentence=_sentence)
    if found.refusal:
        title, what_next = context().problems.problems[found.refusal["code"]].in_language(language())
        found.refusal |= {"title": title, "next": what_next}
    return http.ok(found)


@http.route(
    imports,
    "GET",
    "/imports/<uuid:import_id>/annotated.xlsx",
    roles=_CLERKS,
    problems=(*_ANNOTATION_PROBLEMS, "import-of-another"),
    media=XLSX,
)
def annotated_workbook(import_id: UUID) -> Response:
    """The uploaded rows of an import with mistakes as a workbook, each mistake beside its cell, also for a csv. It can be corrected
    and uploaded. For whoever uploaded the file; recorded.
    """
    return _annotated(import_id, reason=None)


# No idempotency key, as for a reveal.
@http.route(
    imports,
    "POST",
    "/imports/<uuid:import_id>/annotations",
    roles=_CLERKS,
    problems=_ANNOTATION_PROBLEMS,
    media=XLSX,
    changes=False,
)
def annotate(import_id: UUID, body: ReasonBody) -> Response:
    """The same for anybody else who imports. It is recorded with its reason before the file is opened."""
    return _annotated(import_id, reason=body.reason)


@http.route(imports, "GET", "/annotations", roles=("auditor",), answers=Paged[AnnotationState])
def list_annotations(query: Page) -> http.Answer:
    """The annotated workbooks that were given out: to whom, of which import, why."""
    (after,) = query.after(UUID) or (_FIRST,)
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        found = annotations.page(tx, after=after, limit=query.limit + 1)
    return http.paged(found, query=query, place=lambda row: (row.annotation_id,), of=Paged[AnnotationState])


@http.route(
    imports,
    "POST",
    "/imports/<uuid:import_id>/commit",
    roles=_CLERKS,
    answers=ImportState,
    status=202,
    problems=("import-faulty", "import-not-ready", "roll-frozen"),
)
def commit(import_id: UUID, body: CommitBody) -> http.Answer:  # noqa: ARG001 - declared, so that unknown fields are refused
    with database.begin(context().engine, district=identity.current().district) as tx:

        def carry_out() -> http.Answer:
            ask_for_commit(tx, import_id, by=identity.current().subject, at=context().clock.now())
            answer = http.ok(reads.one(tx, import_id))
            answer.status_code = 202
            return answer

        return once(tx, carry_out)


@http.route(
    imports,
    "POST",
    "/imports/<uuid:import_id>/abandon",
    roles=_CLERKS,
    answers=ImportState,
    status=200,
    problems=("import-not-ready",),
)
def abandon(import_id: UUID, body: AbandonBody) -> http.Answer:  # noqa: ARG001 - as above
    """Destroys the uploaded file and its name. The record of the import and its counts of mistakes stay."""
    with database.begin(context().engine, district=identity.current().district) as tx:

        def carry_out() -> http.Answer:
            abandon_import(tx, import_id, by=identity.current().subject, at=context().clock.now())
            return http.ok(reads.one(tx, import_id))

        return once(tx, carry_out)


def _annotated(import_id: UUID, *, reason: str | None) -> Response:
    subject, engine = identity.current(), context().engine
    roles = tuple(sorted(subject.roles))
    command = AnnotateImport(import_id, reason, subject.subject, roles=roles, at=context().clock.now())
    with database.begin(engine, district=subject.district) as tx:
        it = annotate_import(tx, command)
    with _file() as file:
        annotated.write(engine, context().resources, it, district=subject.district, into=file, sentence=_sentence)
    return _sent(file, f"import-{import_id}.xlsx", XLSX)


@contextmanager
def _file() -> Iterator[IO[bytes]]:
    """A temporary file, written in the block. The response closes it; the block closes it if there is no response."""
    file = cast("IO[bytes]", tempfile.SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115 - closed below or by the answer
    try:
        yield file
    except BaseException:
        file.close()
        raise


def _sent(file: IO[bytes], name: str, media: str) -> Response:
    file.seek(0)
    return send_file(file, mimetype=media, as_attachment=True, download_name=name)


def _sentence(code: str) -> str:
    return text(f"faults.{code}")

"""/desk: the cases a desk can work on, and one of them in four steps."""

from pathlib import Path
from typing import get_args
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, render_template, request
from pydantic import ValidationError

from services.signing.domain.agreement import State
from services.signing.queries import case_file, case_list, group_list, staff_list
from services.signing.queries.case_list import CaseRow, CasesQuery
from services.signing.web import acts, audit, case_pages, officer, project_pages
from services.signing.web import desk as desks
from shared.events.day import business_day
from shared.service import http, identity
from shared.service.context import context
from shared.service.database import Transaction, reading
from shared.web.shell import AsOf, add_texts, text

pages = Blueprint(
    "pages", __name__, static_folder="static", static_url_path="/static/signing", template_folder="templates"
)
for texts in ("texts.toml", "acts.toml", "officer.toml"):
    add_texts(pages, Path(__file__).with_name(texts))
case_pages.add_to(pages)
project_pages.add_to(pages)
officer.add_to(pages)
audit.add_to(pages)

_SHOWN = 50
_MAY_LOOK = ("desk", "officer", "command")
_FIELDS = ("place", "unit_code", "state", "group_id", "project_id", "cursor")
_UNSIGNED = "unsigned"  # an extra filter beside the states: all that are not signed


@pages.get("/desk")
@identity.requires(*_MAY_LOOK)
def cases() -> str:
    filters = _filters()
    with reading(context().engine, granted=identity.current().granted) as tx:
        found, counts, at = case_list.read(tx, filters), case_list.counts(tx, filters), _as_of()
        groups, projects = group_list.read(tx), group_list.projects(tx)
    # Drawn after the transaction: a page that is drawn for the first time may take longer than one may stand idle.
    return render_template(
        "cases.html",
        title=text("desk.title"),
        rows=found[:_SHOWN],
        after=http.cursor(case_list.place(found[_SHOWN - 1])) if len(found) > _SHOWN else None,
        filters=filters,
        listed=_listed(),
        states=(_UNSIGNED, *get_args(State)),
        chosen=_UNSIGNED if filters.unsigned else filters.state,
        groups=groups,
        projects={project.project_id: project.name for project in projects},
        counts={"": counts.every, "locked": counts.locked, "unsigned": counts.unsigned},
        as_of=at,
    )


@pages.get("/desk/<uuid:unit_id>")
@identity.requires(*_MAY_LOOK)
def desk(unit_id: UUID) -> str:
    with reading(context().engine, granted=identity.current().granted) as tx:
        case = case_file.read(tx, unit_id)
        following, at = _next_ready(tx, case.project_id, unit_id), _as_of()
        staff = staff_list.of(tx, (act.by for act in case.acts))
    shown = desks.of(
        case,
        today=business_day(context().clock.now()),
        signing=request.args.get("step") == "sign",
        holder=request.args.get("holder", ""),
    )
    return render_template(
        "desk.html",
        title=f"{case.compound} {case.building} {case.door}",
        case=case,
        agreement=case.agreement,
        staff=staff,
        desk=shown,
        acts=acts.offered(case, view=shown.view, roles=identity.current().roles),
        reasons=acts.REASONS,
        listed=_listed(),
        following=following,
        as_of=at,
    )


def _listed() -> str:
    """The filters of the list. The address of every opened case contains them, for the way back."""
    given = {name: value for name in _FIELDS if (value := request.args.get(name))}
    return f"?{urlencode(given)}" if given else ""


def _filters() -> CasesQuery:
    """The filters from the form above the list. Empty or invalid values are ignored."""
    given = {name: value for name in _FIELDS if (value := request.args.get(name, "").strip())}
    if given.get("state") == _UNSIGNED:
        given = {**given, "state": "", "unsigned": "true"}
    try:
        return _query(given)
    except ValidationError as wrong:
        return _query({**given, **{str(fault["loc"][0]): "" for fault in wrong.errors()}})


def _query(given: dict[str, str]) -> CasesQuery:
    return CasesQuery.model_validate({"limit": _SHOWN, **{name: value for name, value in given.items() if value}})


def _next_ready(tx: Transaction, project_id: UUID, unit_id: UUID) -> CaseRow | None:
    ready = case_list.read(tx, CasesQuery(project_id=project_id, state="locked", limit=1))
    return next((row for row in ready if row.unit_id != unit_id), None)


def _as_of() -> AsOf:
    """序号 is reporting's feed number: no other counter is shown under that name."""
    return AsOf(context().clock.now(), None, None)

"""/desk: the cases a desk can work on, and one of them in four steps (design/desk.html)."""

import base64
import json
from pathlib import Path
from typing import get_args
from uuid import UUID

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from services.signing.queries import as_of, case_file, case_list
from services.signing.queries.case_list import CaseRow, CasesQuery, State
from services.signing.web import desk as desks
from shared.service import identity
from shared.service.database import Transaction, reading
from shared.service.running import running
from shared.web.shell import AsOf, add_texts, text

pages = Blueprint(
    "pages", __name__, static_folder="static", static_url_path="/static/signing", template_folder="templates"
)
add_texts(pages, Path(__file__).with_name("texts.toml"))

_SHOWN = 50
_MAY_SIGN = ("desk", "officer", "command")


@pages.get("/")
def front() -> Response:
    return redirect("/desk")


@pages.get("/desk")
@identity.requires(*_MAY_SIGN)
def cases() -> str:
    asked = CasesQuery.model_validate({**_filters(), "limit": _SHOWN})
    with reading(running().engine, granted=identity.current().granted) as tx:
        found = case_list.read(tx, asked)
        return render_template(
            "cases.html",
            title=text("desk.title"),
            rows=found[:_SHOWN],
            after=_cursor(found[_SHOWN - 1]) if len(found) > _SHOWN else None,
            asked=asked,
            as_of=_as_of(tx),
        )


@pages.get("/desk/<uuid:unit_id>")
@identity.requires(*_MAY_SIGN)
def desk(unit_id: UUID) -> str:
    with reading(running().engine, granted=identity.current().granted) as tx:
        case = case_file.read(tx, unit_id)
        following = _next_ready(tx, case.project_id, unit_id)
        return render_template(
            "desk.html",
            title=f"{case.compound} {case.building} {case.door}",
            case=case,
            agreement=case.agreement,
            desk=desks.of(case, signing=request.args.get("step") == "sign"),
            following=following,
            as_of=_as_of(tx),
        )


def _filters() -> dict[str, str]:
    """What the form above the list sends; an empty field, or a state that is none, asks for nothing."""
    given = {name: request.args.get(name, "").strip() for name in ("state", "unit_code", "cursor")}
    if given["state"] not in get_args(State):
        given["state"] = ""
    return {name: value for name, value in given.items() if value}


def _cursor(last: CaseRow) -> str:
    """The place of the last row, as http.Page reads it."""
    told = json.dumps(case_list.place(last), default=str)
    return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def _next_ready(tx: Transaction, project_id: UUID, unit_id: UUID) -> CaseRow | None:
    ready = case_list.read(tx, CasesQuery(project_id=project_id, state="locked", limit=1))
    return next((row for row in ready if row.unit_id != unit_id), None)


def _as_of(tx: Transaction) -> AsOf:
    return AsOf(running().clock.now(), as_of.read(tx), 0.0)

"""Screens that show a wall without a person: command grants them, a screen takes its grant up with a code (decision 32).

GET  /wall/displays              command: the list, and a form for a new one
POST /wall/displays              command: a grant; answers with its code, once
POST /wall/displays/<id>/revoke  command: the wall goes blank within seconds
POST /wall/display               a screen: the code, for a cookie that names the grant; GET leads to the wall, which asks for it
GET  /wall/display/state         a screen, every few seconds: 204 as long as its grant holds
"""

import functools
from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Final, ParamSpec
from uuid import UUID

from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from services.reporting.commands import displays as grants
from services.reporting.domain import pairing
from services.reporting.queries import display, snapshot, standings
from services.reporting.queries.standings import Standing
from services.reporting.store import displays as store
from shared.refusal import Refused, Unknown
from shared.service import identity, problems, session
from shared.service.context import context
from shared.web.shell import add_texts, text

displays = Blueprint("displays", __name__, template_folder="templates")
add_texts(displays, Path(__file__).with_name("displays.toml"))

_LONGEST_NAME: Final = 60
_UNSIGNED: Final = frozenset({"token-missing", "token-invalid"})
P = ParamSpec("P")


def or_display(view: Callable[P, str]) -> Callable[P, Answer]:
    """For the wall: a person, else a display with a live grant, else the page that offers both ways in."""

    @functools.wraps(view)
    def admitted(*args: P.args, **kwargs: P.kwargs) -> Answer:
        display.admit()
        try:
            identity.authorize((*identity.ROLES, display.ROLE))
        except Refused as refusal:
            if refusal.code in _UNSIGNED and problems.wants_page() and "Authorization" not in request.headers:
                return _offer(HTTPStatus.UNAUTHORIZED)
            raise
        return make_response(view(*args, **kwargs))

    return admitted


@displays.post("/wall/display")
def take_up() -> Answer:
    identity.same_origin()
    settings = context().settings
    if context().limits.wait_seconds(f"pairing {request.remote_addr}"):
        return _offer(HTTPStatus.TOO_MANY_REQUESTS, "display.slowly")
    try:
        held = grants.pair(context().engine, request.form.get("code", ""), secret=settings.session_secret)
    except Refused:
        return _offer(HTTPStatus.FORBIDDEN, "display.refused")
    answer = redirect("/wall", HTTPStatus.SEE_OTHER)
    seconds = pairing.DAYS * 24 * 3600
    sealed = session.seal(held, secret=settings.session_secret, purpose="display", seconds=seconds)
    name = session.cookie_name(settings.public_url, "display")
    session.put(answer, name, sealed, public_url=settings.public_url, path="/", seconds=seconds)
    return answer


@displays.get("/wall/display")
def lead_to_the_wall() -> Answer:
    """Whoever opens the address of the form again, or has it in a bookmark."""
    return redirect("/wall")


@displays.get("/wall/display/state")
def state() -> Response:
    if not display.admit():
        raise Refused("token-missing")
    grant = display.current()
    if grant is not None:
        display.note_seen(grant)
    return Response(status=HTTPStatus.NO_CONTENT)


@displays.get("/wall/displays")
@identity.requires("command")
def listing() -> str:
    return _list()


@displays.post("/wall/displays")
@identity.requires("command")
def grant() -> str:
    with snapshot.granted() as tx:
        wanted = request.form.get("project", "")
        chosen = next((standing for standing in standings.of(tx) if str(standing.project_id) == wanted), None)
    if chosen is None:
        raise Unknown
    name = request.form.get("name", "").strip()[:_LONGEST_NAME] or text("display.unnamed")
    code = grants.grant(
        context().engine,
        district=chosen.district,
        project_id=chosen.project_id,
        name=name,
        granted_by=identity.current().name,
        secret=context().settings.session_secret,
    )
    return _list(code=pairing.shown(code), name=name)


@displays.post("/wall/displays/<uuid:grant_id>/revoke")
@identity.requires("command")
def revoke(grant_id: UUID) -> Answer:
    with snapshot.granted() as tx:
        found = next((row for row in store.listed(tx) if row.grant_id == grant_id), None)
    if found is None:
        raise Unknown
    grants.revoke(context().engine, grant_id, district=found.district, revoked_by=identity.current().name)
    return redirect("/wall/displays", HTTPStatus.SEE_OTHER)


def _list(**made: str) -> str:
    with snapshot.granted() as tx:
        found: Sequence[Standing] = standings.of(tx)
        rows = store.listed(tx)
    names = {standing.project_id: standing.name for standing in found}
    return render_template(
        "displays.html",
        title=text("display.title"),
        displays=rows,
        projects=found,
        project_names=names,
        made=made,
        minutes=pairing.LIFE_SECONDS // 60,
        state="live",
    )


def _offer(status: HTTPStatus, fault: str = "") -> Answer:
    page = render_template("display-offer.html", title=text("display.offer"), fault=fault, person=None, state="live")
    return make_response(page, status)

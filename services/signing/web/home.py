"""/, /help and /docs: where a person and a programmer start. Signing carries them, and the sign-in, for all services (decision 18).

The home knows which rows a role has and where each leads; static/home.js asks each service for its own counts (decision 30).
Who opens it is noted: a trace names them by it, also for acts in other services.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from flask import Blueprint, redirect, render_template
from werkzeug.wrappers import Response as Answer

from services.signing.commands.note_staff import note_staff
from shared.events.day import business_day
from shared.service import identity
from shared.service.context import context
from shared.service.database import EVERY
from shared.web import sections
from shared.web.shell import add_texts, text

home = Blueprint("home", __name__, template_folder="templates")
add_texts(home, Path(__file__).with_name("home.toml"))


@dataclass(frozen=True)
class Row:
    """What may wait for a role: its name in the texts and in home.js, a service that counts it, and where it is done."""

    name: str
    service: str
    leads_to: str


_EVERYBODY: Final = (*identity.ROLES, identity.AGENCY)
_UNFROZEN: Final = Row("unfrozen", "registry", "/register/projects")
_PROPOSED: Final = Row("proposed", "registry", "/register/agencies")
_FAILED: Final = Row("failed", "notify", "/messages?state=failed")
_PARKED: Final = Row("parked", "reporting", "/parked")
# In the order in which a role's home lists them.
ROWS: Final[dict[str, tuple[Row, ...]]] = {
    "clerk": (
        _UNFROZEN,
        Row("faulty", "registry", "/register/imports"),
        Row("clean", "registry", "/register/imports"),
        Row("unassigned", "registry", "/register/projects"),
    ),
    "desk": (
        Row("ready", "signing", "/desk?state=locked"),
        Row("half_signed", "signing", "/desk?state=locked"),
        Row("drafts", "signing", "/desk?state=drafted"),
        Row("returned", "signing", "/desk?state=returned"),
        Row("unsigned", "signing", "/desk?state=unsigned"),
    ),
    "officer": (Row("mine", "signing", "/mine"), Row("ready", "signing", "/desk?state=locked")),
    "command": (
        Row("to_go", "reporting", "/wall"),
        Row("disputed", "signing", "/desk?state=unsigned"),
        Row("to_declare", "signing", "/desk/projects"),
        Row("to_close", "signing", "/desk/projects"),
        _FAILED,
        _PARKED,
        _PROPOSED,
        _UNFROZEN,
    ),
    "city": (
        Row("districts", "reporting", "/city"),
        Row("late", "reporting", "/city"),
        Row("held", "notify", "/messages"),
        _FAILED,
        _PARKED,
        _PROPOSED,
        _UNFROZEN,
    ),
    "auditor": (
        Row("reveals", "registry", "/register/audit"),
        Row("searches", "registry", "/register/audit"),
        Row("exports", "registry", "/register/audit"),
        Row("annotations", "registry", "/register/audit"),
        Row("acts", "signing", "/desk/acts"),
        Row("taken", "reporting", "/taken"),
        Row("rolls", "registry", "/register/audit"),
        Row("declared", "signing", "/wall"),
    ),
}


@home.get("/")
@identity.requires(*_EVERYBODY)
def front() -> str | Answer:
    subject = identity.current()
    roles = subject.roles
    if roles.isdisjoint(identity.ROLES):  # an agency's engineer
        return redirect("/agency")
    for district in set(subject.granted) - {EVERY}:
        note_staff(context().engine, subject, district=district)
    rows = list(dict.fromkeys(row for role, mine in ROWS.items() if role in roles for row in mine))
    return render_template(
        "home.html",
        title=text("shell.home"),
        rows=rows,
        services=context().settings.services.split(),
        may_open=bool(roles & {"clerk", "command"}),
        may_open_district="city" in roles,
        today=business_day(context().clock.now()),
    )


@home.get("/help")
@identity.requires(*_EVERYBODY)
def help_page() -> str:
    """What each part that the reader may open is for, and the keys that work everywhere."""
    return render_template("help.html", title=text("shell.help"), parts=sections.open_to(identity.current().roles))


@home.get("/docs")
def api_list() -> str:
    """Links to the API descriptions of all services. Public, as they are."""
    return render_template("apis.html", title=text("home.apis"), services=context().settings.services.split())

"""/desk/projects and a project's pages for command: its count and what blocks, effect, the end of the period, the close of a day.

Invariant: the API's routes declare the roles; what a role may not do is shown with the role that may. Left to others: every decision
(the API), the words (texts.toml).
"""

from typing import Final
from uuid import UUID

from flask import Blueprint, render_template, request

from services.signing.queries import day_list, project_count, project_page, staff_list
from services.signing.queries.day_list import DaysQuery
from services.signing.queries.project_count import ProjectCount
from shared.service import declared, identity
from shared.service.context import context
from shared.service.database import reading
from shared.web import figures
from shared.web.shell import AsOf, text

_MAY_LOOK: Final = ("desk", "officer", "command")
_ROUTES: Final = {"effect": "projects.declare", "period": "projects.close", "days": "projects.freeze_day"}
_DONE: Final = ("declared", "closed", "day_closed")
_SHOWN = 60  # closed days on the page


def add_to(pages: Blueprint) -> None:
    looking = identity.requires(*_MAY_LOOK)
    pages.add_url_rule("/desk/projects", "projects", looking(projects))
    pages.add_url_rule("/desk/projects/<uuid:project_id>", "project", looking(project))
    pages.add_url_rule(
        "/desk/projects/<uuid:project_id>/<any(effect, period, days):page>", "project_act", looking(project)
    )


def projects() -> str:
    with reading(context().engine, granted=identity.current().granted) as tx:
        counts = [project_count.read(tx, project_id) for project_id in project_count.every(tx)]
        at = _as_of()
    return render_template("projects.html", title=text("project.all"), counts=counts, as_of=at)


def project(project_id: UUID, page: str = "") -> str:
    now = context().clock.now()
    with reading(context().engine, granted=identity.current().granted) as tx:
        count = project_count.read(tx, project_id)
        decided = project_page.decided(tx, project_id)
        found = {
            "decided": decided,
            "staff": staff_list.of(tx, (decided.declared_by, decided.closed_by)),
            "waiting": project_page.waiting(tx, project_id),
            "awaiting": project_page.awaiting_effect(tx, project_id),
            "due": project_page.days_to_close(tx, count, now),
            "days": day_list.read(tx, project_id, DaysQuery(limit=_SHOWN)) if page == "days" else [],
            "as_of": _as_of(),
        }
    return render_template(
        f"project-{page or 'count'}.html",
        title=count.name,
        page=page,
        project=count,
        now=now,
        may=_may(page),
        short=_short(count),
        did=text(f"did.{did}") if (did := request.args.get("did", "")) in _DONE else "",
        **found,
    )


def _short(count: ProjectCount) -> list[str]:
    """What is missing on each basis, in words; empty when the threshold is reached."""
    missing = {
        basis.basis: basis.missing if basis.basis != "area" else -(-basis.missing // 100)
        for basis in count.bases
        if not basis.reached
    }
    return [text(f"project.short_{basis}", missing=figures.count(many)) for basis, many in missing.items()]


def _may(page: str) -> bool:
    route = declared.of(_ROUTES[page]) if page else None
    return bool(route and identity.current().roles.intersection(route.roles))


def _as_of() -> AsOf:
    """序号 is reporting's feed number: no other counter is shown under that name."""
    return AsOf(context().clock.now(), None, None)

"""/register/find: the head's search. It says how it read the words, then lists units and officers, each with a link by role."""

from flask import Blueprint, request

from services.registry.queries import finding
from services.registry.queries.finding import FoundUnit
from services.registry.web import frame
from shared.service import identity
from shared.service.context import context
from shared.service.database import reading
from shared.text import Unwritable, line
from shared.web.shell import text

_LISTED = 60
_LONGEST = 80


def add_to(pages: Blueprint) -> None:
    frame.add(pages, "/register/find", find)


def find() -> str:
    words, everywhere = _words(), request.args.get("everywhere") == "1"
    with reading(context().engine, granted=identity.current().granted) as tx:
        project = frame.chosen(tx)["project"]
        inside = project.project_id if project and not everywhere else None
        found = finding.find(tx, words, project_id=inside, limit=_LISTED)
        names = {project.project_id: project.name for project in frame.every(tx)}
    return frame.page(
        "registry-find.html",
        "",
        title=text("finding.title"),
        query=words,
        found=found,
        project=project,
        everywhere=everywhere,
        names=names,
        leads_to=_leads_to,
        may_see_cases=frame.has("desk", "officer", "command"),
        may_see_people=frame.has(*frame.FIELD),
    )


def _words() -> str:
    """What cannot be written is not found either."""
    try:
        return line(request.args.get("q", "").strip(), longest=_LONGEST)
    except Unwritable:
        return ""


def _leads_to(unit: FoundUnit) -> str:
    """Where the reader's role works on a unit."""
    at_desk = frame.has("desk", "officer") and not frame.has("clerk")
    return f"/desk/{unit.unit_id}" if at_desk else f"/register/units/{unit.unit_id}"

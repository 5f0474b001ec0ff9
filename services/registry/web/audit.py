"""/register/audit: who looked at a person, searched a name, exported the register or received an uploaded file, and why."""

from flask import Blueprint

from services.registry.queries import annotations, exports, name_searches, projects, reveals
from services.registry.web import frame
from services.registry.web.frame import SHOWN
from shared.service import identity
from shared.service.context import context
from shared.service.database import reading
from shared.web.shell import text


def add_to(pages: Blueprint) -> None:
    frame.add(pages, "/register/audit", audit, "auditor")


def audit() -> str:
    with reading(context().engine, granted=identity.current().granted) as tx:
        seen = reveals.latest(tx, limit=SHOWN)
        searched = name_searches.latest(tx, limit=SHOWN)
        exported = exports.latest(tx, limit=SHOWN)
        annotated = annotations.latest(tx, limit=SHOWN)
        names = {project.project_id: project.name for project in frame.every(tx)}
        rolls = [projects.roll(tx, project.project_id) for project in frame.every(tx) if project.roll_frozen_at]
    return frame.page(
        "registry-audit.html",
        "audit",
        title=text("audit.title"),
        seen=seen,
        searched=searched,
        exported=exported,
        annotated=annotated,
        names=names,
        rolls=rolls,
    )

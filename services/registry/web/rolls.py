"""/register/projects/{project_id}/freeze: the checks before the roll is frozen, what follows, and a typed confirmation."""

from uuid import UUID

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from services.registry.queries import places, projects, readiness
from services.registry.web import frame
from services.registry.web.frame import CLERKS
from shared.service import identity
from shared.service.context import context
from shared.service.database import reading
from shared.web.shell import text

_COMPOUNDS = 500


def add_to(pages: Blueprint) -> None:
    frame.add(pages, "/register/projects/<uuid:project_id>/freeze", freezing, *CLERKS)


def freezing(project_id: UUID) -> str | Response:
    with reading(context().engine, granted=identity.current().granted) as tx:
        project = projects.one(tx, project_id)
        if project.roll_frozen_at:
            return redirect(url_for("pages.project", project_id=project_id))
        ready, preview = readiness.of(tx, project_id), readiness.preview(tx, project_id)
        compounds = places.compounds(tx, project_id, after="", limit=_COMPOUNDS)
    return frame.page(
        "registry-freeze.html",
        "projects",
        title=text("freeze.title"),
        project=project,
        project_id=project_id,
        ready=ready,
        preview=preview,
        compounds=compounds,
    )

"""/register/projects, /register/projects/new, /register/projects/{project_id}, /register/districts: opening, and how far a project is."""

from typing import get_args
from uuid import UUID

from flask import Blueprint

from services.registry.domain.act import Kind
from services.registry.queries import acts, projects, readiness
from services.registry.queries.projects import ProjectState, RollState
from services.registry.queries.readiness import Readiness
from services.registry.web import frame
from services.registry.web.frame import CLERKS, SHOWN
from shared.service import identity
from shared.service.context import context
from shared.service.database import reading
from shared.web.shell import text


def add_to(pages: Blueprint) -> None:
    frame.add(pages, "/register/projects", project_list)
    frame.add(pages, "/register/projects/new", project_opening, *CLERKS)
    frame.add(pages, "/register/projects/<uuid:project_id>", project)
    frame.add(pages, "/register/districts", district_opening, "city")


def project_list() -> str:
    with reading(context().engine, granted=identity.current().granted) as tx:
        found = frame.every(tx)
        names = frame.district_names(tx)
    return frame.page(
        "registry-projects.html",
        "projects",
        title=text("projects.title"),
        found=found,
        names=names,
        may_open_district=frame.has("city"),
    )


def project_opening() -> str:
    with reading(context().engine, granted=identity.current().granted) as tx:
        districts, found = frame.district_names(tx), frame.every(tx)
    return frame.page("registry-open.html", "projects", title=text("opening.title"), districts=districts, others=found)


def project(project_id: UUID) -> str:
    with reading(context().engine, granted=identity.current().granted) as tx:
        found = projects.one(tx, project_id)
        ready = readiness.of(tx, project_id)
        roll = projects.roll(tx, project_id) if found.roll_frozen_at else None
        by = readiness.frozen_by(tx, project_id)
        done = acts.of_project(tx, project_id, *get_args(Kind), limit=SHOWN)
    return frame.page(
        "registry-project-life.html",
        "projects",
        title=found.name,
        project=found,
        project_id=project_id,
        ready=ready,
        roll=roll,
        frozen_by=by,
        acts=done,
        steps=_steps(found, ready, roll),
    )


def district_opening() -> str:
    with reading(context().engine, granted=identity.current().granted) as tx:
        districts = projects.districts(tx, after="", limit=frame.DISTRICTS)
        opened = acts.districts_opened(tx, limit=frame.DISTRICTS)
    return frame.page(
        "registry-districts.html", "projects", title=text("districts.title"), districts=districts, opened=opened
    )


def _steps(found: ProjectState, ready: Readiness, roll: RollState | None) -> list[tuple[str, str]]:
    """The registry's steps of a project's life, each done, now (waits for a person) or later. Groups may come at any time."""
    done = {
        "opened": True,
        "groups": ready.groups > 0,
        "import": ready.units > 0 and not ready.unfinished,
        "assign": ready.units > 0 and not ready.unassigned,
        "freeze": roll is not None,
    }
    waiting = next((name for name in ("groups", "import", "assign", "freeze") if not done[name]), "")
    if roll is not None and found.units:
        done["import"] = True
    return [(name, "done" if done[name] else "now" if name == waiting else "") for name in done]

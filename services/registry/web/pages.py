"""/register/imports, /register/units, /register/people: imports of workbooks, and the registered units and people, masked."""

from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from services.registry.domain.imports import AT_WORK
from services.registry.queries import imports, projects, units
from services.registry.queries.projects import ProjectState
from shared.service import identity
from shared.service.database import Transaction, reading
from shared.service.running import running
from shared.web.shell import add_texts, language, text

pages = Blueprint(
    "pages", __name__, static_folder="static", static_url_path="/static/registry", template_folder="templates"
)
add_texts(pages, Path(__file__).with_name("texts.toml"))

_FIRST, _LAST = UUID(int=0), UUID(int=2**128 - 1)
_CLERKS = ("clerk", "command")
_IMPORTERS = (*_CLERKS, "auditor")  # roles that may see imports
_SHOWN = 50
_PROJECTS = 200
_MOST_SECONDS_SHOWN = 90  # above this, the time is shown in minutes


@pages.get("/register")
@identity.requires()
def front() -> Response:
    return redirect(url_for("pages.import_list" if _has(*_IMPORTERS) else "pages.unit_list"))


@pages.get("/register/imports")
@identity.requires(*_IMPORTERS)
def import_list() -> str:
    with reading(running().engine, granted=identity.current().granted) as tx:
        chosen = _chosen(tx)
        earlier = (
            imports.page(tx, chosen["project"].project_id, before=_LAST, limit=_SHOWN) if chosen["project"] else []
        )
    return _page("registry-imports.html", "imports", earlier=earlier, title=text("imports.title"), **chosen)


@pages.get("/register/imports/<uuid:import_id>")
@identity.requires(*_IMPORTERS)
def import_report(import_id: UUID) -> str:
    with reading(running().engine, granted=identity.current().granted) as tx:
        report = imports.report(tx, import_id, sentence=lambda code: text(f"faults.{code}"))
        project = projects.one(tx, report.project_id)
    return _page(
        "registry-import.html",
        "imports",
        report=report,
        project=project,
        at_work=report.state in AT_WORK,
        refusal=_refusal(report),
        kinds=sorted(report.fault_counts.items(), key=lambda kind: (-kind[1], kind[0])),
        told=_result(report),
        title=_finding(report),
    )


@pages.get("/register/imports/<uuid:import_id>/progress")
@identity.requires(*_IMPORTERS)
def import_progress(import_id: UUID) -> str:
    """The part of the report that changes while the worker runs."""
    with reading(running().engine, granted=identity.current().granted) as tx:
        report = imports.one(tx, import_id)
    return render_template(
        "registry-progress.html", report=report, at_work=report.state in AT_WORK, told=_result(report)
    )


@pages.get("/register/units")
@identity.requires()
def unit_list() -> str:
    with reading(running().engine, granted=identity.current().granted) as tx:
        chosen = _chosen(tx)
        project = chosen["project"]
        found = units.page(tx, project.project_id, after=_after(), limit=_SHOWN + 1) if project else []
    more = found[_SHOWN - 1].unit_id if len(found) > _SHOWN else None
    return _page("registry-units.html", "units", units=found[:_SHOWN], more=more, title=text("units.title"), **chosen)


@pages.get("/register/people")
@identity.requires("clerk", "desk", "officer", "command")
def person_list() -> str:
    with reading(running().engine, granted=identity.current().granted) as tx:
        found = units.people(tx, after=_after(), limit=_SHOWN + 1)
    more = found[_SHOWN - 1].person_id if len(found) > _SHOWN else None
    return _page("registry-people.html", "people", people=found[:_SHOWN], more=more, title=text("people.title"))


def _page(template: str, here: str, **facts: Any) -> str:  # noqa: ANN401 - as the templates name them
    links = [
        {"href": url_for(f"pages.{view}"), "text": text(f"pages.{name}"), "here": name == here}
        for name, view in (("imports", "import_list"), ("units", "unit_list"), ("people", "person_list"))
    ]
    return render_template(
        template,
        pages=links,
        state="live",
        is_clerk=_has(*_CLERKS),
        may_export=_has(*_CLERKS, "city", "auditor"),
        **facts,
    )


def _has(*roles: str) -> bool:
    return bool(identity.current().roles.intersection(roles))


def _chosen(tx: Transaction) -> dict[str, Any]:
    """The project in the address, else the newest. A project of another district is treated as unknown."""
    all_of_them: list[ProjectState] = projects.page(tx, after=_FIRST, limit=_PROJECTS)
    if (wanted := request.args.get("project")) is None:
        return {"projects": all_of_them, "project": all_of_them[-1] if all_of_them else None}
    found = next((project for project in all_of_them if str(project.project_id) == wanted), None)
    if found is None:
        abort(404)
    return {"projects": all_of_them, "project": found}


def _after() -> UUID:
    """A mistyped address shows the first page, not an error."""
    try:
        return UUID(request.args.get("after", ""))
    except ValueError:
        return _FIRST


def _result(report: imports.ImportState) -> str:
    """The worker's progress in words; empty while it is not running."""
    if report.state not in AT_WORK:
        return ""
    if (now := report.progress) is None or not now.total:
        return text("progress.waiting")
    done = text(f"progress.{now.step}", done=f"{now.done:,}", total=f"{now.total:,}")
    if now.rest_seconds is None or now.step == "checking":  # checks take different times
        return done
    if now.rest_seconds > _MOST_SECONDS_SHOWN:
        return done + text("progress.minutes", minutes=-(-now.rest_seconds // 60))
    return done + text("progress.seconds", seconds=max(-(-now.rest_seconds // 10) * 10, 10))


def _finding(report: imports.ImportReport) -> str:
    if report.state in AT_WORK:
        return text(f"states.{report.state}")
    if report.state == "refused" or (report.state == "faulty" and not report.faults):
        return text("import.refused")
    return text(f"import.{report.state}", faults=f"{report.faults:,}", units=f"{report.units or 0:,}")


def _refusal(report: imports.ImportReport) -> tuple[str, str]:
    """What was refused, and what to do next."""
    if report.refusal is None:
        return "", ""
    return running().problems.problems[report.refusal["code"]].told(language())

"""/register/imports, /register/units, /register/people: imports of workbooks, and the registered units and people, masked.

The pages of the other acts are beside it: opening.py, groups.py, rolls.py, units.py, people.py, finding.py, agencies.py, grants.py.
"""

from pathlib import Path
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from services.registry.domain.imports import AT_WORK
from services.registry.queries import acts, imports, projects, units
from services.registry.web import agencies, audit, finding, frame, grants, groups, opening, people, rolls
from services.registry.web import units as unit_pages
from services.registry.web.frame import FIELD, IMPORTERS, SHOWN
from shared.service import identity
from shared.service.context import context
from shared.service.database import reading
from shared.web.shell import add_texts, language, text

pages = Blueprint(
    "pages", __name__, static_folder="static", static_url_path="/static/registry", template_folder="templates"
)
for name in ("texts.toml", "acts.toml", "agencies.toml"):
    add_texts(pages, Path(__file__).with_name(name))
for module in (opening, groups, rolls, unit_pages, people, finding, agencies, grants, audit):
    module.add_to(pages)

_LAST = UUID(int=2**128 - 1)
_MOST_SECONDSSHOWN = 90  # above this, the time is shown in minutes


@pages.get("/register")
@identity.requires()
def front() -> Response:
    return redirect(url_for("pages.project_list" if frame.has(*IMPORTERS) else "pages.unit_list"))


@pages.get("/register/imports")
@identity.requires(*IMPORTERS)
def import_list() -> str:
    with reading(context().engine, granted=identity.current().granted) as tx:
        chosen = frame.chosen(tx)
        earlier = imports.page(tx, chosen["project"].project_id, before=_LAST, limit=SHOWN) if chosen["project"] else []
    return frame.page("registry-imports.html", "imports", earlier=earlier, title=text("imports.title"), **chosen)


@pages.get("/register/imports/<uuid:import_id>")
@identity.requires(*IMPORTERS)
def import_report(import_id: UUID) -> str:
    with reading(context().engine, granted=identity.current().granted) as tx:
        report = imports.report(tx, import_id, sentence=lambda code: text(f"faults.{code}"))
        project = projects.one(tx, report.project_id)
        done = acts.of(tx, [import_id], "commit-ordered", "import-abandoned")
    return frame.page(
        "registry-import.html",
        "imports",
        report=report,
        project=project,
        at_work=report.state in AT_WORK,
        is_own=report.uploaded_by == identity.current().subject,
        refused=_refusal(report),
        acts=done,
        kinds=sorted(report.fault_counts.items(), key=lambda kind: (-kind[1], kind[0])),
        outcome=_result(report),
        title=_finding(report),
    )


@pages.get("/register/imports/<uuid:import_id>/progress")
@identity.requires(*IMPORTERS)
def import_progress(import_id: UUID) -> str:
    """The part of the report that changes while the worker runs."""
    with reading(context().engine, granted=identity.current().granted) as tx:
        report = imports.one(tx, import_id)
    return render_template(
        "registry-progress.html", report=report, at_work=report.state in AT_WORK, outcome=_result(report)
    )


@pages.get("/register/units")
@identity.requires()
def unit_list() -> str:
    filters = {name: request.args.get(name) or None for name in ("compound", "building")}
    with reading(context().engine, granted=identity.current().granted) as tx:
        chosen = frame.chosen(tx)
        project = chosen["project"]
        found = units.page(tx, project.project_id, after=frame.after(), limit=SHOWN + 1, **filters) if project else []
    more = found[SHOWN - 1].unit_id if len(found) > SHOWN else None
    return frame.page(
        "registry-units.html",
        "units",
        units=found[:SHOWN],
        more=more,
        filters=filters,
        title=text("units.title"),
        **chosen,
    )


@pages.get("/register/people")
@identity.requires(*FIELD)
def person_list() -> str:
    with reading(context().engine, granted=identity.current().granted) as tx:
        found = units.people(tx, after=frame.after(), limit=SHOWN + 1)
        districts = frame.district_names(tx)
    more = found[SHOWN - 1].person_id if len(found) > SHOWN else None
    return frame.page(
        "registry-people.html",
        "people",
        people=found[:SHOWN],
        more=more,
        districts=districts,
        title=text("people.title"),
    )


def _result(report: imports.ImportState) -> str:
    """The worker's progress in words; empty while it is not running."""
    if report.state not in AT_WORK:
        return ""
    if (now := report.progress) is None or not now.total:
        return text("progress.waiting")
    done = text(f"progress.{now.step}", done=f"{now.done:,}", total=f"{now.total:,}")
    if now.rest_seconds is None or now.step == "checking":  # checks take different times
        return done
    if now.rest_seconds > _MOST_SECONDSSHOWN:
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
    return context().problems.problems[report.refusal["code"]].in_language(language())

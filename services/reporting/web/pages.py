"""Pages: /wall (of a project), /city (districts side by side), /map (the units of a building)."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response as Answer

from services.reporting.domain.facets import BADGES, FACETS
from services.reporting.domain.period import period
from services.reporting.queries import (
    as_of,
    cells,
    display,
    pace,
    past,
    reasons,
    reports,
    scores,
    signings,
    snapshot,
    standings,
    stories,
)
from services.reporting.queries.standings import Standing
from services.reporting.web import attention, blocks, drawing, placing
from services.reporting.web.days import written_day
from services.reporting.web.displays import or_display
from shared.events.day import midnight
from shared.events.stage import STAGES
from shared.refusal import Unknown
from shared.service import edge, identity
from shared.service.context import context
from shared.service.database import Transaction
from shared.web import figures
from shared.web.shell import add_texts, text

pages = Blueprint(
    "pages", __name__, static_folder="static", static_url_path="/static/reporting", template_folder="templates"
)
add_texts(pages, Path(__file__).with_name("texts.toml"))
add_texts(pages, Path(__file__).with_name("figures.toml"))

_STREAM = "/api/reporting/v1/stream"  # the front door routes this to the stream process
_SLOTS = 6  # of the list of latest signings
_MOMENT = timedelta(seconds=60)  # how long the top of the wall is paper


@pages.get("/wall")
@or_display
def wall() -> str:
    now = context().clock.now()
    with snapshot.granted() as tx:
        found = _shown(standings.of(tx))
        standing = _chosen(found)
        facts = {"as_of": _moment(tx)} if standing is None else _wall(tx, standing, now)
    if standing is None:
        return _page("nothing.html", "wall", found, None, title=text("wall.title"), **facts)
    return _page("wall.html", "wall", found, standing, title=standing.name, **facts)


def _wall(tx: Transaction, standing: Standing, now: datetime) -> dict[str, Any]:
    units = cells.of_project(tx, standing.project_id)
    drawn = blocks.fitted(units, lambda name, left, total: f"{name} {_unsigned_of(left, total)}")
    return {
        "as_of": _moment(tx, standing.district),
        "now": now,
        "period": period(standing.starts_at, standing.ends_at, now, closed=standing.closed_at is not None),
        "map": drawn,
        "unsigned_of": _unsigned_of,
        "reasons": reasons.of(tx, standing.project_id),
        "axis": drawing.axis(standing.bases),
        "scores": scores.of(tx, standing.project_id),
        "latest": signings.latest(tx, [standing.project_id], limit=_SLOTS),
        "pace": pace.of(tx, standing, now=now),
        "state": "empty" if standing.roll != "frozen" or now < standing.starts_at else "live",
        "fresh_call": bool(standing.reached_at and now - standing.reached_at < _MOMENT),
        "households_to_go": _to_go(standing, "households"),
    }


@pages.get("/city")
@identity.requires()
def city() -> str:
    with snapshot.granted() as tx:
        found = standings.of(tx)
        by_district: dict[str, list[Standing]] = {}
        for standing in found:
            by_district.setdefault(standing.district, []).append(standing)
        columns = [(items[0].district_name, _moment(tx, district), items) for district, items in by_district.items()]
        as_of_all = _moment(tx)
    columns.sort(
        key=lambda column: min(attention.urgency(standing, now=context().clock.now()) for standing in column[2])
    )
    axis = drawing.axis([basis for standing in found for basis in standing.bases])
    return _page(
        "city.html",
        "city",
        found,
        None,
        title=text("city.title"),
        as_of=as_of_all,
        columns=columns,
        axis=axis,
        totals=attention.totals(found),
        services=context().settings.services.split(),
    )


@pages.get("/map")
@identity.requires()
def grid() -> str | Answer:
    """The units of a building now, or with `day` as the report of that closed day kept them (decision 49)."""
    with snapshot.granted() as tx:
        found = standings.of(tx)
        standing = _chosen(found)
        moment = _moment(tx, standing.district if standing else None)
        if standing is None:
            return _page("nothing.html", "grid", found, None, as_of=moment, title=text("grid.title"))
        days = reports.days(tx, standing.project_id)
        day, kept = _past(tx, standing)
        if day and kept is None:
            return _not_kept(found, standing, days, day, moment)
        units = kept.cells if kept else cells.of_project(tx, standing.project_id)
        shown, mine = _building_of(units)
        until = midnight(kept.day + timedelta(days=1)) if kept else None
        steps = stories.of(tx, [cell.unit_id for cell in mine], until=until)
    left_in = Counter((cell.compound, cell.building) for cell in units if not cell.done)
    plan = placing.building(mine)
    return _page(
        "grid.html",
        "grid",
        found,
        standing,
        title=" ".join(shown).strip() or text("grid.title"),
        as_of=as_of.AsOfState(number=kept.report.feed_number, at=kept.report.frozen_at, lag_seconds=None)
        if kept
        else moment,
        buildings=list(dict.fromkeys((cell.compound, cell.building) for cell in units)),
        chosen=shown,
        plan=plan,
        units=mine,
        first=next((place.cell.unit_id for well in plan.wells for place in well.places if place.cell), None),
        left_in=left_in,
        badges=[(badge, sum(badge in cell.badges for cell in mine)) for badge in (kept.marks if kept else BADGES)],
        stories=steps,
        may_case=not identity.current().roles.isdisjoint({"desk", "officer", "command"}),
        may_assign=not identity.current().roles.isdisjoint({"clerk", "command"}),
        stages=[(stage, sum(cell.stage == stage for cell in mine)) for stage in STAGES],
        facets=FACETS,
        days=days,
        past=kept,
        live=kept is None,
        unsigned=sorted((cell for cell in mine if not cell.done), key=lambda cell: -STAGES.index(cell.stage)),
    )


def _past(tx: Transaction, standing: Standing) -> tuple[str, past.Past | None]:
    """The day in the address, empty for now, and what is kept of it."""
    wanted = request.args.get("day", "").strip()
    if (day := written_day(wanted)) is None:
        return wanted, None
    restatement = edge.whole_number(request.args.get("restatement", "")) or 0
    return wanted, past.of(tx, standing.project_id, day, restatement)


def _not_kept(
    found: Sequence[Standing], standing: Standing, days: Sequence[reports.Day], day: str, moment: as_of.AsOfState
) -> Answer:
    waits = any(known.business_on.isoformat() == day and not known.frozen for known in days)
    facts = {
        "title": text("past.gone"),
        "as_of": moment,
        "days": days,
        "waits": waits,
        "past": None,
        "chosen": ("", ""),
    }
    page = _page("grid_gone.html", "grid", found, standing, live=False, **facts)
    return make_response(page, HTTPStatus.GONE)


Shown = cells.Cell | past.PastCell


def _building_of(units: Sequence[Shown]) -> tuple[tuple[str, str], list[Shown]]:
    """The building wanted for, else the first; a compound alone names its first building."""
    wanted = (request.args.get("compound", ""), request.args.get("building", ""))
    known = list(dict.fromkeys((cell.compound, cell.building) for cell in units))
    close = (
        [place for place in known if place == wanted] or [place for place in known if place[0] == wanted[0]] or known
    )
    shown = next(iter(close), ("", ""))
    return shown, [cell for cell in units if (cell.compound, cell.building) == shown]


def _page(template: str, current: str, found: Sequence[Standing], standing: Standing | None, **facts: Any) -> str:  # noqa: ANN401
    project = {"project": str(standing.project_id)} if standing else {}
    query = "".join(f"?project={project_id}" for project_id in project.values())
    links = [
        {"href": f"{path}{query}", "text": text(f"{name}.link"), "here": name == current}
        for name, path in (("wall", "/wall"), ("grid", "/map"), ("city", "/city"))
    ]
    if "command" in identity.current().roles:
        links.append({"href": "/wall/displays", "text": text("wall.displays"), "here": False})
    grant = display.current()
    return render_template(
        template,
        page=current,
        display=grant,
        pages=[] if grant else links,
        standing=standing,
        standings=found,
        stream=_STREAM,
        **{"live": True, **facts},
    )


def _shown(found: Sequence[Standing]) -> Sequence[Standing]:
    """All granted projects; to a display only its own."""
    grant = display.current()
    return found if grant is None else [standing for standing in found if standing.project_id == grant.project_id]


def _moment(tx: Transaction, district: str | None = None) -> as_of.AsOfState:
    return as_of.of(tx, context().clock, district=district)


def _chosen(found: Sequence[Standing]) -> Standing | None:
    """The requested project, else the first. Raises Unknown for one that does not exist or is not granted."""
    wanted = request.args.get("project")
    if wanted is None:
        return next(iter(found), None)
    chosen = next((standing for standing in found if str(standing.project_id) == wanted), None)
    if chosen is None:
        raise Unknown
    return chosen


def _unsigned_of(left: int, total: int) -> str:
    return text("live.unsigned_of", n=figures.count(left), total=figures.count(total))


def _to_go(standing: Standing, name: str) -> int | None:
    basis = standing.basis(name)
    return None if basis.denominator is None else basis.denominator - basis.numerator

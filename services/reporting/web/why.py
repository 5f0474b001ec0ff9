"""/why: what a figure counts and by which rule, the list behind it, and what has changed since it was drawn.

A link carries the figure's name, its project, what narrows it, and the feed number at which it was drawn. The list is of now, in one
snapshot with its figure; with `day` it is that of the closed day's report, or
of the signings of that day. Anything else is no longer kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, get_args
from uuid import UUID

from flask import Blueprint, render_template, request

from services.reporting.domain import lines
from services.reporting.domain.lines import FIGURES, Figure, Line, Unit
from services.reporting.queries import as_of, pace, reports, signings, snapshot, standings
from services.reporting.queries.standings import Standing
from services.reporting.store import feed, unit_lines
from services.reporting.web import attention
from services.reporting.web.days import written_day
from shared.events.day import business_day, midnight
from shared.events.terms import Series
from shared.refusal import Refused, Unknown
from shared.service import edge, identity
from shared.service.context import context
from shared.service.database import Transaction
from shared.web.shell import text

explanations = Blueprint("explanations", __name__, template_folder="templates")

_SHOWN: Final = 50
_GAINED, _UNDONE = 1, -1
# The figures that list signings, or agreements that took effect, and which changes each counts.
_OF_SIGNINGS: Final = {
    **dict.fromkeys(("today", "recent", "ahead", "net"), (_GAINED, _UNDONE)),
    "gained": (_GAINED,),
    "undone": (_UNDONE,),
    "effective": (_GAINED,),
}
_OF_PROJECTS: Final = frozenset({"reached", "counted_projects", "districts"})
_NARROWING: Final = ("group", "compound", "building", "stage")


@dataclass(frozen=True)
class Change:
    """A unit of the figure that changed after the figure was drawn."""

    unit: Unit
    number: int
    at: Any


@explanations.get("/why")
@identity.requires()
def why() -> str:
    """Refused figure-unknown; figure-not-kept for a moment of which nothing is kept. Raises Unknown for a project."""
    name = request.args.get("figure", "signed")
    figure = FIGURES.get(name)
    if figure is None and name not in _OF_SIGNINGS and name not in _OF_PROJECTS:
        raise Refused("figure-unknown")
    with snapshot.granted() as tx:
        if name in _OF_PROJECTS:
            return _of_projects(tx, name)
        if "project" not in request.args:
            return _of_all(tx, name, figure or FIGURES["signed"])
        found = standings.of(tx, [_project()])
        if not found:
            raise Unknown
        if figure is None:
            return _of_signings(tx, found[0], name)
        if "day" in request.args:
            return _of_day(tx, found[0], name, figure)
        return _of_now(tx, found[0], name, figure)


def _of_now(tx: Transaction, standing: Standing, name: str, figure: Figure) -> str:
    units = unit_lines.of_project(tx, standing.project_id)
    listed = lines.of(units, figure, rule=standing.counting_rule, narrowed=_narrowed())
    moment = as_of.of(tx, context().clock, district=standing.district)
    drawn = _number("at")
    since = None if drawn is None else _since(tx, standing, drawn, listed)
    return _page(standing, name, figure, listed, as_of=moment, drawn=drawn, since=since, was=_number("was"))


def _of_day(tx: Transaction, standing: Standing, name: str, figure: Figure) -> str:
    frozen = reports.of_day(tx, standing.project_id, day := _day())
    if not frozen:
        raise Refused("figure-not-kept")
    report = frozen[min(_number("restatement") or 0, len(frozen) - 1)]
    listed = lines.of(report.units, figure, rule=report.body["counting_rule"], narrowed=_narrowed())
    moment = as_of.AsOfState(number=report.feed_number, at=report.frozen_at, lag_seconds=None)
    return _page(standing, name, figure, listed, as_of=moment, day=day)


def _of_signings(tx: Transaction, standing: Standing, name: str) -> str:
    """Of a closed day or since an instant, as they are known now. A signing that was undone counts -1 at its own time."""
    since, until = _period(name)
    series = request.args.get("series")
    if series not in (None, *get_args(Series)):
        raise Refused("figure-unknown")
    find = signings.effective if name == "effective" else signings.between
    known = find(tx, standing.project_id, since=since, until=until)
    listed = [row for row in known if row.change in _OF_SIGNINGS[name] and series in {None, row.series}]
    moment = as_of.of(tx, context().clock, district=standing.district)
    return render_template(
        "why_signings.html",
        standing=standing,
        name=name,
        listed=listed,
        since=since,
        until=until,
        series=series,
        as_of=moment,
        live=False,
        state="live",
    )


def _of_projects(tx: Transaction, name: str) -> str:
    """A count of projects or districts: the list behind it is the projects, each with its call."""
    found = standings.of(tx)
    counted = [standing for standing in found if standing.roll == "frozen"]
    listed = {"districts": found, "counted_projects": counted, "reached": attention.reached(counted)}[name]
    value = len({standing.district for standing in listed}) if name == "districts" else len(listed)
    moment = as_of.of(tx, context().clock)
    return render_template(
        "why_projects.html", name=name, listed=listed, value=value, as_of=moment, live=False, state="live"
    )


def _of_all(tx: Transaction, name: str, figure: Figure) -> str:
    """A total over projects: the list behind it is the projects, each with its own figure."""
    found = standings.of(tx)
    district = request.args.get("district")
    parts = [standing for standing in found if district in {None, standing.district}]
    moment = as_of.of(tx, context().clock, district=district)
    rows = [(standing, standing.basis(figure.basis)) for standing in parts]
    known = [(basis.numerator, basis.denominator or 0) for _, basis in rows]
    total = (sum(part for part, _ in known), sum(whole for _, whole in known))
    return render_template(
        "why_all.html", name=name, figure=figure, rows=rows, total=total, as_of=moment, live=False, state="live"
    )


def _since(tx: Transaction, standing: Standing, drawn: int, listed: Sequence[Line]) -> Sequence[Change] | None:
    """None: more changed than the feed names. Refused figure-not-kept."""
    if not feed.complete_after(tx.connection, standing.district, drawn):
        raise Refused("figure-not-kept")
    changed = unit_lines.changed_since(tx, standing.project_id, standing.district, drawn)
    if changed is None:
        return None
    mine = {unit.unit_id: unit for line in listed for unit in line.units}
    return [Change(mine[unit_id], number, at) for unit_id, number, at in changed if unit_id in mine]


def _page(standing: Standing, name: str, figure: Figure, listed: Sequence[Line], **facts: Any) -> str:  # noqa: ANN401
    sides = {
        "counted": [line for line in listed if line.counted],
        "open": [line for line in listed if not line.counted],
    }
    wanted = request.args.get("show", "")
    show = wanted if wanted in sides else "open" if figure.side == "open" or sides["open"] else "counted"
    if figure.side == "counted" and wanted not in sides:
        show = "counted"
    page = max(1, _number("page") or 1)
    return render_template(
        "why.html",
        standing=standing,
        basis=standing.basis(figure.basis),
        name=name,
        figure=figure,
        value=lines.amount([line for line in listed if figure.shows(line)]),
        counted=lines.amount(sides["counted"]),
        whole=lines.amount(listed),
        sides={side: (len(found), lines.amount(found)) for side, found in sides.items()},
        show=show,
        listed=sides[show][(page - 1) * _SHOWN : page * _SHOWN],
        number=page,
        last_page=-(-len(sides[show]) // _SHOWN),
        only=[value or text("daily.no_group") for value in _narrowed().values()],
        live=False,
        state="live",
        **{"day": None, "drawn": None, "since": None, "was": None, **facts},
    )


def _period(name: str) -> tuple[datetime, datetime]:
    if "day" in request.args:
        return midnight(_day()), midnight(_day() + timedelta(days=1))
    now = context().clock.now()
    return now - pace.RECENT if name == "recent" else midnight(business_day(now)), now


def _narrowed() -> dict[str, str]:
    return {name: request.args[name] for name in _NARROWING if name in request.args}


def _project() -> UUID:
    try:
        return UUID(request.args["project"])
    except ValueError:
        raise Unknown from None


def _number(name: str) -> int | None:
    return edge.whole_number(request.args.get(name, ""))


def _day() -> date:
    day = written_day(request.args["day"])
    if day is None:
        raise Refused("figure-not-kept")
    return day

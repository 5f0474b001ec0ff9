"""/report: the daily report of a closed day as a page, for print, and as a workbook. What is shown was frozen; nothing is counted anew."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, Response, render_template, request

from services.reporting.domain import day_sheet
from services.reporting.queries import as_of, snapshot, standings
from services.reporting.queries import reports as frozen_reports
from services.reporting.queries.reports import Report
from services.reporting.queries.standings import Standing
from services.reporting.web import workbook
from services.reporting.web.days import written_day
from shared.refusal import Refused, Unknown
from shared.service import identity
from shared.service.context import context
from shared.service.database import Transaction
from shared.web.shell import project_chosen

reports = Blueprint("reports", __name__, template_folder="templates")

_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@reports.get("/report")
@identity.requires()
def report() -> str:
    """Without `day`, the newest closed day. Refused report-unknown for a day that is not closed."""
    with snapshot.granted() as tx:
        found = standings.of(tx)
        standing = _chosen(found)
        days = frozen_reports.days(tx, standing.project_id) if standing else []
        day = _day() or next((known.business_on for known in days), None)
        frozen = frozen_reports.of_day(tx, standing.project_id, day) if standing and day else []
        moment = as_of.of(tx, context().clock, district=standing.district if standing else None)
    if _day() and day not in [known.business_on for known in days]:
        raise Refused("report-unknown")
    shown = frozen[0] if frozen else None
    moment = as_of.AsOfState(number=shown.feed_number, at=shown.frozen_at, lag_seconds=None) if shown else moment
    return render_template(
        "daily.html",
        standing=standing,
        standings=found,
        days=days,
        day=day,
        report=shown,
        changes=_changes(frozen),
        waits=any(known.business_on == day and known.restatements >= len(frozen) > 0 for known in days),
        sheet=day_sheet.of(shown.units) if shown else None,
        as_of=moment,
        live=False,
        state="live",
    )


@reports.get("/report/<uuid:project_id>/<day>.xlsx")
@identity.requires()
def sheet(project_id: UUID, day: str) -> Response:
    with snapshot.granted() as tx:
        frozen = _frozen(tx, project_id, day)
    answer = Response(workbook.of(frozen, day), content_type=_XLSX)
    answer.headers["Content-Disposition"] = f'attachment; filename="daily-report-{day}.xlsx"'
    return answer


def _frozen(tx: Transaction, project_id: UUID, day: str) -> Sequence[Report]:
    """Refused report-unknown."""
    on = written_day(day)
    found = frozen_reports.of_day(tx, project_id, on) if on else []
    if not found:
        raise Refused("report-unknown")
    return found


def _changes(frozen: Sequence[Report]) -> list[dict[str, Any]]:
    """Each basis that a restatement gives otherwise than the report before it."""
    return [
        {"basis": basis["basis"], "old": basis["signed"], "new": later.basis(basis["basis"])["signed"], "report": later}
        for earlier, later in pairwise(frozen)
        for basis in earlier.body["bases"]
        if later.basis(basis["basis"])["signed"] != basis["signed"]
    ]


def _chosen(found: Sequence[Standing]) -> Standing | None:
    """The project in the address, else the remembered one, else the first. Raises Unknown for one that is not granted."""
    wanted = project_chosen()
    chosen = next((standing for standing in found if standing.project_id == wanted), None)
    if chosen is None and "project" in request.args:
        raise Unknown
    return chosen or next(iter(found), None)


def _day() -> date | None:
    given = request.args.get("day")
    day = written_day(given) if given else None
    if given and day is None:
        raise Refused("report-unknown")
    return day

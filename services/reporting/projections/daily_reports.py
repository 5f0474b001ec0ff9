"""Freezes the daily report of a closed day, once, when every signing of that day has arrived.

The day's figures come with signing's event; the list of units is our own. Topics arrive in any order, so the report waits until our own
signings and undoings are those of the event's series, and our own units are all there. Units may be signed before the roll has matched: the
series count them, the bases do not, since those count over the roll. Such bases are unknown in the report. It is frozen under the feed
number of the transaction in which all had come, and never changed: a later correction is a restatement, a report of its own. Only the live
consumer freezes: the report is a record in a table that a rebuild does not touch (decision 33).
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text

from services.reporting.domain.facets import BADGES
from services.reporting.domain.lines import Unit
from services.reporting.store import feed, unit_lines
from shared.events.day import SHANGHAI, midnight
from shared.messaging.reactions import Received
from shared.service.database import Transaction

_PENDING: Final = text("""
    select closed_days.*, projects.name, projects.bases as required, projects.starts_at, projects.ends_at, calls.reached_at,
           calls.effective_at, calls.document_number, coalesce(districts.name, closed_days.district) as district_name
    from closed_days join projects using (project_id) left join calls using (project_id)
         left join districts on districts.district = closed_days.district
    where closed_days.project_id = any(cast(:project_ids as uuid[])) and not exists (
        select from daily_reports where (daily_reports.project_id, daily_reports.business_on, daily_reports.restatement)
            = (closed_days.project_id, closed_days.business_on, closed_days.restatement))
    order by closed_days.project_id, business_on, restatement
""")
_CHANGES: Final = text("""
    select at, change from signings where project_id = :project_id and at < :until order by at, agreement_id, change
""")
_FREEZE: Final = text("""
    insert into daily_reports (district, project_id, business_on, restatement, feed_number, body)
    values (:district, :project_id, :business_on, :restatement, :feed_number, cast(:body as jsonb))
""")


def freeze(tx: Transaction, applied: Sequence[Received[Any]]) -> None:
    """Freezes the reports that have become complete. To be called after the changes have their feed numbers."""
    projects: set[UUID] = {it.event.project_id for it in applied if hasattr(it.event, "project_id")}
    for day in tx.connection.execute(_PENDING, {"project_ids": sorted(projects)}).all() if projects else ():
        _freeze(tx, day)


def _freeze(tx: Transaction, day: Row[Any]) -> None:
    until = midnight(day.business_on + timedelta(days=1))
    changes = tx.connection.execute(_CHANGES, {"project_id": day.project_id, "until": until}).all()
    if not _arrived(day, changes):
        return  # some of the day's signings are still on their way
    listed = unit_lines.of_project(tx, day.project_id, until=until)
    if sum(unit.signed for unit in listed) != _net(changes) or len(listed) < (_units(day)["total"] or 0):
        return  # some of the units are
    place = {"district": tx.district, "project_id": day.project_id, "business_on": day.business_on}
    number = feed.latest(tx.connection, tx.district)
    body = json.dumps(_body(day, changes, listed), default=str)
    tx.connection.execute(_FREEZE, {**place, "restatement": day.restatement, "feed_number": number, "body": body})


def _arrived(day: Row[Any], changes: Sequence[Row[Any]]) -> bool:
    """By what does not depend on the roll: the numbers of a series have no gap, so its last one says how many were signed."""
    signed = sum(row.change > 0 for row in changes)
    undone = sum(row.change < 0 for row in _on(day, changes))
    return (
        signed == sum(series["last_number"] for series in day.series)
        and undone == sum(series["undone"] for series in day.series)
        and _net(changes) == _in_force(day, changes)
    )


def _in_force(day: Row[Any], changes: Sequence[Row[Any]]) -> int:
    """What the series say. An event from before they did has the roll's count, which says nothing while the roll has not matched."""
    counts = [series.get("in_force") for series in day.series]
    return _units(day)["signed"] or _net(changes) if None in counts else sum(counts)


def _on(day: Row[Any], changes: Sequence[Row[Any]]) -> list[Row[Any]]:
    return [row for row in changes if row.at >= midnight(day.business_on)]


def _net(changes: Sequence[Row[Any]]) -> int:
    return sum(row.change for row in changes)


def _units(day: Row[Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(basis for basis in day.bases if basis["basis"] == "units")
    return found


def _bases(day: Row[Any], changes: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    """Unknown while the roll has not matched. On the day on which it has, its change holds what was signed before: unknown, too."""
    units = _units(day)
    counted = units["total"] is not None and units["signed"] == _net(changes)
    moved = counted and units["change"] == _net(_on(day, changes))
    unknown = ({} if moved else {"change": None}) | ({} if counted else {"signed": None, "total": None})
    return [{**basis, **unknown} for basis in day.bases]


_AS_CLOSED: Final = (
    "name", "district_name", "required", "starts_at", "ends_at", "as_of", "series", "counting_rule", "closed_at",
    "reached_at", "effective_at", "document_number",
)  # fmt: skip


def _body(day: Row[Any], changes: Sequence[Row[Any]], listed: Sequence[Unit]) -> dict[str, Any]:
    by_hour = [0] * 24
    for row in _on(day, changes):
        by_hour[row.at.astimezone(SHANGHAI).hour] += row.change
    return {
        **{name: getattr(day, name) for name in _AS_CLOSED},
        "bases": _bases(day, changes),
        "by_hour": by_hour,
        "marks": BADGES,
        "units": [asdict(unit) for unit in listed],
    }

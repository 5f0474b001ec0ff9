"""Freezes the daily report of a closed day, once, when every signing of that day has arrived.

The day's figures come with signing's event; the list of units is our own. Topics arrive in any order, so the report waits until our own
count by the end of the day equals the event's. It is frozen under the feed number of the transaction in which that became true, and never
changed: a later correction is a restatement, a report of its own. Only the live consumer freezes: the report is a record in a table that
a rebuild does not touch (decision 33).
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text

from services.reporting.domain.facets import BADGES
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
    units = next(basis for basis in day.bases if basis["basis"] == "units")
    if sum(row.change for row in changes) != units["signed"]:
        return  # some of the day's signings are still on their way
    place = {"district": tx.district, "project_id": day.project_id, "business_on": day.business_on}
    body = _body(tx, day, [row for row in changes if row.at >= midnight(day.business_on)], until)
    number = feed.latest(tx.connection, tx.district)
    tx.connection.execute(
        _FREEZE,
        {**place, "restatement": day.restatement, "feed_number": number, "body": json.dumps(body, default=str)},
    )


_AS_CLOSED: Final = (
    "name", "district_name", "required", "starts_at", "ends_at", "as_of", "series", "bases", "counting_rule", "closed_at",
    "reached_at", "effective_at", "document_number",
)  # fmt: skip


def _body(tx: Transaction, day: Row[Any], changes: Sequence[Row[Any]], until: datetime) -> dict[str, Any]:
    listed = unit_lines.of_project(tx, day.project_id, until=until)
    by_hour = [0] * 24
    for row in changes:
        by_hour[row.at.astimezone(SHANGHAI).hour] += row.change
    return {
        **{name: getattr(day, name) for name in _AS_CLOSED},
        "by_hour": by_hour,
        "marks": BADGES,
        "units": [asdict(unit) for unit in listed],
    }

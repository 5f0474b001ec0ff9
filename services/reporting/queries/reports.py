"""Daily reports as they were frozen, and the closed days whose report still waits for signings of that day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.reporting.domain.lines import Unit
from shared.service.database import Transaction

_DAYS: Final = text("""
    select business_on, max(restatement) as restatements, bool_or(frozen) as frozen from (
        select business_on, restatement, true as frozen from daily_reports where project_id = :project_id
        union all select business_on, restatement, false from closed_days where project_id = :project_id) as known
    group by business_on order by business_on desc limit 400
""")
_OF_DAY: Final = text("""
    select restatement, feed_number, frozen_at, body from daily_reports
    where project_id = :project_id and business_on = :business_on order by restatement
""")


@dataclass(frozen=True)
class Day:
    business_on: date
    restatements: int
    frozen: bool


@dataclass(frozen=True)
class Report:
    """`body` is what was frozen (projections/daily_reports.py)."""

    restatement: int
    feed_number: int
    frozen_at: datetime
    body: dict[str, Any]

    @property
    def units(self) -> list[Unit]:
        return [_unit(unit) for unit in self.body["units"]]

    def basis(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = next(basis for basis in self.body["bases"] if basis["basis"] == name)
        return found


def _unit(kept: dict[str, Any]) -> Unit:
    badges = kept.get("badges")
    return Unit(**{**kept, "people": tuple(kept["people"]), "badges": None if badges is None else tuple(badges)})


def days(tx: Transaction, project_id: UUID) -> Sequence[Day]:
    """Closed days, the newest first."""
    return [Day(*row) for row in tx.connection.execute(_DAYS, {"project_id": project_id})]


def of_day(tx: Transaction, project_id: UUID, day: date) -> Sequence[Report]:
    """The report as it was frozen first, then its restatements."""
    wanted = {"project_id": project_id, "business_on": day}
    return [Report(*row) for row in tx.connection.execute(_OF_DAY, wanted)]

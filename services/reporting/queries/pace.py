"""How a project's count has risen since midnight in Shanghai, and in the last half-hour."""

from dataclasses import replace
from datetime import datetime, timedelta

from pydantic import BaseModel, Field
from sqlalchemy import text

from services.reporting.domain import pace
from services.reporting.domain.signing_plan import Point
from services.reporting.queries import signings
from services.reporting.queries.standings import Standing
from shared.events.day import SHANGHAI
from shared.service.database import Transaction

RECENT = timedelta(minutes=30)
_PLAN = text("select signing_plan from projects where project_id = :project_id")


class PaceState(BaseModel):
    gained: int = Field(description="signings of the business day so far, less what has undone some")
    path: str = Field(description="the day's line as an SVG path in a field of 432 x 246")
    x: float
    y: float
    recent: int = Field(description="signings of the last half-hour, less what has undone some")
    plan: str = Field(description="the planned count as an SVG path in the same field; empty without a plan")
    ahead: int | None = Field(description="units signed beyond the plan, negative when behind it; null without a plan")


class Pace(PaceState):
    """With the ticks of the page: place and hour."""

    hours: tuple[tuple[float, int], ...]


def of(tx: Transaction, standing: Standing, *, now: datetime) -> Pace:
    local = now.astimezone(SHANGHAI)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    points = signings.curve(tx, standing.project_id, since=midnight, until=midnight + timedelta(days=1))
    total = standing.basis("units").denominator or standing.own_units
    drawn = pace.pace(points, now=local, total=total, plan=_plan(tx, standing))
    recent = signings.gained(tx, standing.project_id, since=now - RECENT, until=now)
    return Pace.model_validate(replace(drawn, recent=recent), from_attributes=True)


def _plan(tx: Transaction, standing: Standing) -> list[Point]:
    """From the start of the period on; empty without a plan."""
    points = tx.connection.execute(_PLAN, {"project_id": standing.project_id}).scalar_one()
    planned = [(datetime.fromisoformat(point["at"]), int(point["units"])) for point in points]
    return [(standing.starts_at, 0), *planned] if planned else []

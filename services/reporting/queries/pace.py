"""How a project's count has risen since midnight in Shanghai, and in the last half-hour."""

from dataclasses import replace
from datetime import datetime, timedelta

from services.reporting.domain import pace
from services.reporting.domain.pace import Pace
from services.reporting.queries import signings
from services.reporting.queries.standings import Standing
from shared.events.day import SHANGHAI
from shared.service.database import Transaction

RECENT = timedelta(minutes=30)


def of(tx: Transaction, standing: Standing, *, now: datetime) -> Pace:
    local = now.astimezone(SHANGHAI)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    points = signings.curve(tx, standing.project_id, since=midnight, until=midnight + timedelta(days=1))
    drawn = pace.pace(points, now=local, total=standing.basis("units").denominator or standing.own_units)
    return replace(drawn, recent=signings.gained(tx, standing.project_id, since=now - RECENT, until=now))

"""The day's running count, and the planned one, as lines in a field of 432 x 246, from the first to the last full hour with data.

Held by tests/unit/reporting/test_pace.py and tests/unit/reporting/test_signing_plan.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.reporting.domain import signing_plan
from services.reporting.domain.signing_plan import Point

_OPENS, _CLOSES = 8, 20  # opening hours of the desks; a day with signings outside them is drawn whole
_LEFT, _RIGHT, _TOP, _BOTTOM = 0.0, 372.0, 22.0, 212.0


@dataclass(frozen=True)
class Pace:
    """`path` is the SVG path of the line, (`x`, `y`) its end, `hours` the ticks. `gained`: signings of today, minus those undone today;
    `recent`: the same of the last half-hour. `plan`: the path of the planned count, `ahead`: units signed now beyond it, fewer than 0 when
    behind; empty and None without a plan.
    """

    path: str
    x: float
    y: float
    hours: tuple[tuple[float, int], ...]
    gained: int
    recent: int = 0
    plan: str = ""
    ahead: int | None = None


def pace(points: Sequence[Point], *, now: datetime, total: int, plan: Sequence[Point] = ()) -> Pace:
    """`points`: the running count at instants of the day, the first at its beginning. `now` is in the zone of the business day. `plan`
    begins with the start of the period.
    """
    opens = now.replace(hour=_OPENS, minute=0, second=0, microsecond=0)
    early = any(at < opens for at, _ in points[1:]) or now < opens
    start = opens.replace(hour=0) if early else opens
    span = timedelta(hours=_CLOSES - _OPENS if not early and now.hour < _CLOSES else 24 - start.hour)
    planned = signing_plan.within(plan, start, start + span) if plan else []
    highest = max(total, *(count for _, count in (*points, *planned)), 1)

    def place(at: datetime, count: int) -> tuple[float, float]:
        across = min(1.0, max(0.0, (at - start) / span))
        return round(_LEFT + across * (_RIGHT - _LEFT), 1), round(_BOTTOM - count / highest * (_BOTTOM - _TOP), 1)

    points = [(max(at, start), count) for at, count in points]
    until = [*points, (max(now, points[-1][0]), points[-1][1])]
    steps: list[str] = []
    for index, (at, count) in enumerate(until):
        x, y = place(at, count)
        steps.append(f"M{x} {y}" if not index else f"H{x}V{y}")
    x, y = place(*until[-1])
    hours = range(start.hour, start.hour + int(span / timedelta(hours=1)) + 1, 4)
    ticks = tuple((place(start + timedelta(hours=hour - start.hour), 0)[0], hour) for hour in hours)
    return Pace(
        "".join(steps), x, y, ticks, points[-1][1] - points[0][1],
        plan="".join(f"{'L' if index else 'M'}{across} {up}" for index, (across, up) in enumerate(place(*point) for point in planned)),
        ahead=points[-1][1] - signing_plan.count_at(plan, now) if plan else None,
    )  # fmt: skip

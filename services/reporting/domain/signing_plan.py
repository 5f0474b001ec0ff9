"""The planned count of a project at any instant.

Invariant: linear between two points, 0 before the period starts, the last point's count after it.
Held by tests/unit/reporting/test_signing_plan.py.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

Point = tuple[datetime, int]


def count_at(plan: Sequence[Point], at: datetime) -> int:
    """How many units are planned to be signed by `at`, cut to whole units. `plan` begins with the start of the period; raises for none."""
    for (earlier, low), (later, high) in pairwise(plan):
        if earlier <= at < later:
            return low + int((high - low) * ((at - earlier) / (later - earlier)))
    return plan[-1][1] if at >= plan[-1][0] else plan[0][1]


def within(plan: Sequence[Point], start: datetime, end: datetime) -> list[Point]:
    """The curve from `start` to `end`, with the planned count at both."""
    inside = [point for point in plan if start < point[0] < end]
    return [(start, count_at(plan, start)), *inside, (end, count_at(plan, end))]

"""How many units are planned to be signed when: the curve that the wall draws beside the count.

Invariant: the instants rise within the signing period, and the counts never fall.
Held by tests/unit/registry/test_faults.py.
"""

from collections.abc import Sequence

from shared.events.registry import PlannedCount, SigningPeriod


def faults(plan: Sequence[PlannedCount], period: SigningPeriod) -> list[dict[str, str]]:
    """What is wrong at which place of the body: `field`, a JSON pointer, and `code`."""
    found = []
    earlier, fewer = period.starts_at, 0
    for row, point in enumerate(plan):
        if not earlier <= point.at <= period.ends_at or (row and point.at == earlier):
            found.append({"field": f"/signing_plan/{row}/at", "code": "plan-time"})
        if point.units < fewer:
            found.append({"field": f"/signing_plan/{row}/units", "code": "plan-count"})
        earlier, fewer = point.at, point.units
    return found

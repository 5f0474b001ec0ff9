"""Where a day lies in a signing period: day n of N, and what the clock counts down to. Days are those of Shanghai.

Held by tests/unit/reporting/test_period.py.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from shared.events.day import SHANGHAI

Phase = Literal["before", "open", "over"]


@dataclass(frozen=True)
class Period:
    """`day` counts from 1; 0 and less before the first. `until`: the start of the period, then its end; None once it is over."""

    phase: Phase
    day: int
    days: int
    until: datetime | None

    def left(self, now: datetime) -> tuple[int, str]:
        """Whole days, and the rest as a clock."""
        seconds = max(0, int((self.until - now).total_seconds())) if self.until else 0
        days, rest = divmod(seconds, 86_400)
        return days, f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"


def period(starts_at: datetime, ends_at: datetime, now: datetime, *, closed: bool = False) -> Period:
    """`ends_at` is the first instant after the period; `closed`: signing has closed it."""
    first = starts_at.astimezone(SHANGHAI).date()
    last = (ends_at - timedelta(microseconds=1)).astimezone(SHANGHAI).date()
    day, days = (now.astimezone(SHANGHAI).date() - first).days + 1, (last - first).days + 1
    if closed or now >= ends_at:
        return Period("over", days, days, None)
    return Period("before", day, days, starts_at) if now < starts_at else Period("open", day, days, ends_at)

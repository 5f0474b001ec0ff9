"""The business day: the calendar day in Shanghai, wherever the reader sits. Every service and every page counts by it.

Held by tests/unit/events/test_day.py.
"""

from datetime import UTC, date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")


def business_day(at: datetime) -> date:
    """The day on which an instant falls."""
    return at.astimezone(SHANGHAI).date()


def midnight(day: date) -> datetime:
    """The instant in UTC at which a business day begins."""
    return datetime.combine(day, time(), tzinfo=SHANGHAI).astimezone(UTC)

"""A day as an address has it. Only days that signing may close are days: the end of any other one may be beyond all calendars."""

from datetime import date
from typing import Final

FIRST: Final = date(2000, 1, 1)
LAST: Final = date(2199, 12, 31)


def written_day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST <= day <= LAST else None

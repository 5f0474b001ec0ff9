"""Retry-After, as any server may write it: how long it asks us to wait (RFC 9110, section 10.2.3)."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

_DIGITS: Final = 9
LONGEST: Final = timedelta(seconds=10**_DIGITS)


def wait(written: str, *, now: datetime) -> timedelta | None:
    """Seconds or an instant, from nothing to LONGEST; None for anything else."""
    given = written.strip()
    if given.isascii() and given.isdecimal():
        digits = given.lstrip("0")
        return timedelta(seconds=int(digits or "0")) if len(digits) <= _DIGITS else LONGEST
    try:
        at = parsedate_to_datetime(given)
        pause = (at if at.tzinfo else at.replace(tzinfo=UTC)) - now
    except (ValueError, OverflowError):  # no instant, or one beyond all calendars
        return None
    return min(max(pause, timedelta()), LONGEST)

"""How figures and instants are printed, on every page alike.

Invariant: a rate is cut, never rounded up to a threshold; a distance is rounded against us; zero prints as 0 and the unknown as —.
"""

from datetime import UTC, datetime, timedelta

from shared.events import threshold
from shared.events.day import SHANGHAI, business_day, midnight

UNKNOWN = "—"


def count(number: int | None) -> str:
    return UNKNOWN if number is None else f"{number:,}".replace("-", "\N{MINUS SIGN}")


def rate(numerator: int | None, denominator: int | None) -> str:
    """94.996 % prints as 94.99%. Unknown where the roll is unknown or empty."""
    hundredths = None if numerator is None else threshold.cut(numerator, denominator)
    return UNKNOWN if hundredths is None else f"{threshold.printed(hundredths)}%"


def area(hundredths: int | None) -> str:
    """Areas travel as integers of 0.01 m²."""
    return UNKNOWN if hundredths is None else f"{hundredths // 100:,}.{hundredths % 100:02d}"


def clock_time(at: datetime | None) -> str:
    return UNKNOWN if at is None else at.astimezone(SHANGHAI).strftime("%H:%M:%S")


def day(at: datetime | None) -> str:
    return UNKNOWN if at is None else at.astimezone(SHANGHAI).strftime("%Y-%m-%d")


def machine_time(at: datetime | None) -> str:
    """For `datetime` attributes, which scripts read."""
    return "" if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds")


def day_ends(at: datetime | None) -> str:
    """The instant at which the business day of `at` ends, for scripts: a page that names the day is drawn anew then."""
    return "" if at is None else machine_time(midnight(business_day(at) + timedelta(days=1)))

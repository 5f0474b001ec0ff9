"""The order of the districts on the city's page, and their totals: what needs attention stands first."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from services.reporting.queries.standings import Call, Standing

_SOON: Final = timedelta(hours=24)
_AFTER: Final[dict[Call, int]] = {"short": 1, "lapsed": 2, "reached": 3, "effective": 4, "waiting": 5}


class Totals(NamedTuple):
    """Over the projects whose roll is frozen and matches."""

    signed: int
    units: int
    reached: int


def urgency(standing: Standing, *, now: datetime) -> tuple[int, float]:
    """Short and ending within a day, short, lapsed, reached, effective, not open; among equals the larger share to go first."""
    units = standing.basis("units")
    share = (standing.units_to_go or 0) / units.denominator if units.denominator else 0.0
    ends_soon = standing.call == "short" and now <= standing.ends_at < now + _SOON
    return 0 if ends_soon else _AFTER[standing.call], -share


def reached(found: Sequence[Standing]) -> list[Standing]:
    return [standing for standing in found if standing.call in {"reached", "effective"}]


def totals(found: Sequence[Standing]) -> Totals:
    counted = [standing.basis("units") for standing in found if standing.roll == "frozen"]
    return Totals(
        sum(units.numerator for units in counted),
        sum(units.denominator or 0 for units in counted),
        len(reached(found)),
    )

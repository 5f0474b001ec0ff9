"""The time zone of a person: the one they named; else that of their number's country, if it has one zone; else that of the
project's place.

Invariant: a name unknown to this machine is skipped, never an error. Zones that show the same time all year
(London, Jersey) count as one.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from functools import cache
from importlib import resources
from typing import Final
from zoneinfo import ZoneInfo

import phonenumbers

from shared.events.day import SHANGHAI

_MONTHS: Final = tuple(datetime(2026, month, day, tzinfo=UTC) for month in range(1, 13) for day in (1, 15))


def of(name: str | None, mobile: str | None) -> tzinfo:
    return _named(name) or _of_number(mobile) or SHANGHAI


def _named(name: str | None) -> ZoneInfo | None:
    try:
        return ZoneInfo(name.strip()) if name and name.strip() else None
    except (KeyError, ValueError, OSError):  # unknown, invalid, or a directory of the database
        return None


def _of_number(mobile: str | None) -> ZoneInfo | None:
    try:
        number = phonenumbers.parse(mobile, None) if mobile else None
    except phonenumbers.NumberParseException:
        return None
    if number is None:
        return None
    country = phonenumbers.region_code_for_number(number) or phonenumbers.region_code_for_country_code(
        number.country_code or 0
    )
    zones = [zone for name in _by_country().get(country, ()) if (zone := _named(name))]
    alike = zones and all(_times(zone) == _times(zones[0]) for zone in zones)
    return zones[0] if alike else None


def _times(zone: tzinfo) -> Sequence[object]:
    return [at.astimezone(zone).utcoffset() for at in _MONTHS]


@cache
def _by_country() -> dict[str, list[str]]:
    """The time zone database's own list: country, place, zone."""
    found: dict[str, list[str]] = {}
    for line in resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            country, _, zone = line.split("\t")[:3]
            found.setdefault(country, []).append(zone)
    return found

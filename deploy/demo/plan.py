"""Which units sign on the launch day, and when: the same units and the same order in every run over one register.

Invariant: of 1,708 units 1,624 are signed at the end of the day, which is 95.08 %. One agreement is rescinded after the threshold and is
not signed again, so 1,625 sign. The units that do not sign are small and have one owner: both bases pass 95 %.
"""

from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any
from zlib import crc32

Row = Mapping[str, Any]  # CaseRow of signing's OpenAPI

_UNITS, _UNSIGNED = 1_708, 84  # of the reference project, when its launch day was closed
# From nine in the morning, for each hour: how many of a hundred come.
_HOURS = (10, 12, 11, 6, 6, 10, 10, 9, 7, 8, 7, 4)
DAY = timedelta(hours=len(_HOURS))


@dataclass(frozen=True)
class Turn:
    """One unit that signs. `due_at`: when its owners are at the desk."""

    district: str
    row: Row
    due_at: datetime

    @property
    def unit_id(self) -> str:
        return str(self.row["unit_id"])


def of(district: str, rows: Sequence[Row], *, waits: int, opens_at: datetime) -> list[Turn]:
    """The turns of a project, the first one first. `waits`: how many units do not sign today."""
    out = {row["unit_id"] for row in _waiting(rows, waits)}
    coming = sorted((row for row in rows if row["unit_id"] not in out), key=_drawn)
    times = [_due(number / len(coming)) for number in range(len(coming))]
    return [Turn(district, row, opens_at + due) for row, due in zip(coming, times, strict=True)]


def never_sign(units: int) -> int:
    """How many units of the reference project's size do not sign at all; one more is rescinded."""
    return max(0, units * _UNSIGNED // _UNITS - 1)


def _waiting(rows: Sequence[Row], count: int) -> Sequence[Row]:
    """Drawn from the smaller half of the units with the fewest owners."""
    small = sorted(rows, key=lambda row: (row["right_holders"], row["area_hundredths_m2"], row["unit_code"]))
    return sorted(small[: max(count, len(small) // 4)], key=_drawn)[:count]


def _drawn(row: Row) -> tuple[int, str]:
    """A lot that is the same in every run."""
    return crc32(str(row["unit_code"]).encode()), str(row["unit_id"])


def _due(share: float) -> timedelta:
    """When this share of a day's signings has been reached, since its beginning."""
    until = [0, *accumulate(_HOURS)]
    wanted = share * until[-1]
    hour = bisect(until, wanted) - 1
    return timedelta(hours=hour + (wanted - until[hour]) / _HOURS[hour])

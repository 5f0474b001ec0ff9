"""The tables of a daily report, from its frozen units: by group, and the unsigned ones for the morning meeting.

Held by tests/integration/reporting/test_daily_reports.py.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.reporting.domain.lines import REASONS, Reason, Unit


@dataclass(frozen=True)
class Group:
    """`reasons`: how many of its unsigned units have each of REASONS. `name` None: units that no group has."""

    name: str | None
    signed: int
    units: int
    reasons: Mapping[Reason, int]
    unsigned: tuple[Unit, ...]

    @property
    def left(self) -> int:
        return self.units - self.signed


@dataclass(frozen=True)
class Sheet:
    groups: tuple[Group, ...]
    total: Group


def of(units: Sequence[Unit]) -> Sheet:
    """The group with the most unsigned units first."""
    by_name: dict[str | None, list[Unit]] = {}
    for unit in units:
        by_name.setdefault(unit.group, []).append(unit)
    groups = [_group(name, mine) for name, mine in by_name.items()]
    return Sheet(tuple(sorted(groups, key=lambda group: (-group.left, group.name or "~"))), _group(None, units))


def _group(name: str | None, units: Sequence[Unit]) -> Group:
    unsigned = tuple(unit for unit in units if not unit.signed)
    reasons = Counter(unit.reason for unit in unsigned)
    return Group(
        name, len(units) - len(unsigned), len(units), {reason: reasons[reason] for reason in REASONS}, unsigned
    )

"""A closed business day: figures of each series and basis and the counting rule, frozen as of a feed number.

Held by tests/integration/signing/test_days.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from shared.events.signing import BasisFigures, DayClosed, SeriesFigures
from shared.events.terms import Basis, CountingRule, Series


@dataclass(frozen=True)
class SeriesDay:
    """`last_number`, `in_force`: at the end of the day; 0 before the first."""

    signed: int
    undone: int
    effective: int
    last_number: int
    in_force: int

    @property
    def net(self) -> int:
        return self.signed - self.undone


@dataclass(frozen=True)
class BasisDay:
    """In the basis's own unit, area in 0.01 m². `total` is None while the frozen roll has not matched."""

    change: int
    signed: int
    total: int | None


@dataclass(frozen=True)
class ClosedDay:
    """`restatement` is 0 for the first closing; `as_of` is the feed number up to which facts are in the figures."""

    project_id: UUID
    business_on: date
    restatement: int
    as_of: int
    closed_at: datetime
    figures: Mapping[Series, SeriesDay]
    bases: Mapping[Basis, BasisDay]
    counting_rule: CountingRule

    def event(self) -> DayClosed:
        return DayClosed(
            project_id=self.project_id,
            business_on=self.business_on,
            restatement=self.restatement,
            as_of=self.as_of,
            series=tuple(SeriesFigures(series=series, **vars(counts)) for series, counts in self.figures.items()),
            bases=tuple(BasisFigures(basis=basis, **vars(counts)) for basis, counts in self.bases.items()),
            counting_rule=self.counting_rule,
            closed_at=self.closed_at,
        )

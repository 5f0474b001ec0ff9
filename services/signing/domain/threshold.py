"""Whether enough have signed: several bases joined by AND, counted over the frozen roll.

Invariant: only integers are compared (shared/events/threshold.py). The denominator is the whole roll,
not only the units with a record. A right-holder counts once, and as signed by the project's counting rule.
Left to others: the counting itself (store/roll.py) and the latch (project.py).
Held by tests/unit/signing/test_threshold.py.
"""

from dataclasses import dataclass, fields

from shared.events import threshold
from shared.events.terms import Basis as BasisName


@dataclass(frozen=True)
class Counts:
    """One number per denominator; area in 0.01 m²."""

    units: int = 0
    households: int = 0
    right_holders: int = 0
    area: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))

    def __neg__(self) -> "Counts":
        return Counts(*(-getattr(self, field.name) for field in fields(self)))


@dataclass(frozen=True)
class Basis:
    name: BasisName
    percent: int  # 1 to 100
    legal_ground: str = ""


@dataclass(frozen=True)
class Reading:
    """One basis at one moment, as it is printed with the call."""

    basis: Basis
    signed: int
    total: int

    @property
    def reached(self) -> bool:
        return threshold.reached(self.signed, self.total, self.basis.percent)

    @property
    def missing(self) -> int:
        """How many more are needed, rounded up."""
        return max(0, threshold.distance(self.signed, self.total, self.basis.percent))


def read(bases: tuple[Basis, ...], signed: Counts, total: Counts) -> tuple[Reading, ...]:
    return tuple(Reading(basis, getattr(signed, basis.name), getattr(total, basis.name)) for basis in bases)


def reached(readings: tuple[Reading, ...]) -> bool:
    """False without any basis: a threshold that was never defined is never reached."""
    return bool(readings) and all(reading.reached for reading in readings)

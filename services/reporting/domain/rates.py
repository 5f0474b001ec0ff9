"""Progress of a project on one basis: a rate has its basis, numerator, denominator and distance to the threshold.

Invariant: a rate is cut to two decimals, never rounded up to a threshold (shared/events/threshold.py). The denominator is
the frozen roll. Until reporting's own units give its digest there is no denominator and no rate.
Held by tests/unit/reporting/test_rates.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from shared.events import threshold
from shared.events.terms import Basis as BasisName

NAMES: Final[tuple[BasisName, ...]] = ("right_holders", "area", "units", "households")
LINE: Final = 95  # percent: where bases without a threshold of their own are compared


@dataclass(frozen=True)
class Basis:
    """`percent` is the project's threshold, None where the basis is for reference only. Areas are in 0.01 m²."""

    basis: BasisName
    numerator: int
    denominator: int | None
    percent: int | None = None
    legal_ground: str | None = None

    @property
    def required(self) -> bool:
        return self.percent is not None

    @property
    def hundredths(self) -> int | None:
        """The rate in hundredths of a percent, truncated: 9490 is 94.90 %."""
        return threshold.cut(self.numerator, self.denominator)

    @property
    def rate(self) -> str | None:
        cut = self.hundredths
        return None if cut is None else threshold.printed(cut)

    @property
    def distance(self) -> int | None:
        """How many more must sign, rounded up; negative: how many more than needed have signed."""
        if not self.denominator:
            return None
        return threshold.distance(self.numerator, self.denominator, self.percent or LINE)

    @property
    def reached(self) -> bool:
        return threshold.reached(self.numerator, self.denominator or 0, self.percent or LINE)


class Drawn(Protocol):
    """What a basis must say of its place on the scale."""

    @property
    def hundredths(self) -> int | None: ...
    @property
    def percent(self) -> int | None: ...


def scale(bases: Sequence[Drawn]) -> tuple[int, int]:
    """The narrowest of 0-100, 90-100 and 94-96 percent that holds every rate and threshold, in hundredths of a percent."""
    rates = [basis.hundredths for basis in bases if basis.hundredths is not None]
    thresholds = [basis.percent * 100 for basis in bases if basis.percent is not None]
    for low, high in ((9_400, 9_600), (9_000, 10_000)):
        if rates and all(low <= place <= high for place in (*rates, *thresholds)):
            return low, high
    return 0, threshold.WHOLE

"""Positions on the scale that the four bases share, computed once on the server. The script only moves the marks."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.reporting.domain.rates import Drawn, scale


@dataclass(frozen=True)
class Axis:
    """The common scale of all bases: its ends in hundredths of a percent, positions in percent of its length.

    `threshold`: the percent that every required basis must reach; None where they differ, or there is none.
    """

    low: int
    high: int
    threshold: int | None = None

    def place(self, hundredths: int | None) -> float | None:
        return None if hundredths is None else round((hundredths - self.low) / (self.high - self.low) * 100, 2)


def axis(bases: Sequence[Drawn]) -> Axis:
    thresholds = {basis.percent for basis in bases if basis.percent is not None}
    return Axis(*scale(bases), thresholds.pop() if len(thresholds) == 1 else None)

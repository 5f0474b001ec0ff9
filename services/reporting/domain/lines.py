"""The list behind a figure: units, and what is counted from them on each basis.

Invariant: the amounts of the counted lines of a basis add up to its numerator, those of all lines to its denominator
(tests/integration/reporting/test_why.py).
Held by tests/integration/reporting/test_why.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from shared.events.terms import Basis as BasisName

Reason = Literal["disputed", "minor", "overseas", "ready", "preparing"]
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)  # the first that holds


@dataclass(frozen=True)
class Unit:
    """One unit with what counts it. Ids as text, areas in 0.01 m². `reason` None: it is signed."""

    unit_id: str
    compound: str
    building: str
    stairwell: str
    door: str
    area: int
    stage: str
    signed: bool
    group: str | None
    officer: str | None
    reason: Reason | None
    household_id: str
    people: tuple[str, ...]
    # For the map of a closed day. A report that was frozen before these were kept lacks them.
    floor: int | None = None
    top_floor: int | None = None
    badges: tuple[str, ...] | None = None
    series: str | None = None
    sequence_number: int | None = None

    @property
    def place(self) -> str:
        return f"{self.compound}{self.building} {self.door}"


@dataclass(frozen=True)
class Line:
    """One thing that is counted, with the units that decide whether it is."""

    amount: int
    counted: bool
    units: tuple[Unit, ...]


@dataclass(frozen=True)
class Figure:
    """`side`: which lines make up the number. `scope`: the field of a unit by which the figure is narrowed, if any."""

    basis: BasisName
    side: Literal["counted", "open", "all"] = "counted"
    scope: tuple[str, ...] = ()
    reason: Reason | None = None

    def shows(self, line: Line) -> bool:
        return self.side == "all" or line.counted == (self.side == "counted")


_PLACE: Final = ("compound", "building")
FIGURES: Final[dict[str, Figure]] = {
    "signed": Figure("units"),
    "to_go": Figure("units", "open"),
    "to_go_households": Figure("households", "open"),
    **{name: Figure(name) for name in get_args(BasisName)},
    **{f"{name}_rate": Figure(name) for name in get_args(BasisName)},
    **{f"{name}_to_go": Figure(name, "open") for name in get_args(BasisName)},
    **{f"{name}_total": Figure(name, "all") for name in get_args(BasisName)},
    "group": Figure("units", "counted", ("group",)),
    "group_rate": Figure("units", "counted", ("group",)),
    "group_unsigned": Figure("units", "open", ("group",)),
    "compound": Figure("units", "open", ("compound",)),
    "building": Figure("units", "open", _PLACE),
    "building_signed": Figure("units", "counted", _PLACE),
    "building_total": Figure("units", "all", _PLACE),
    "stage": Figure("units", "all", (*_PLACE, "stage")),
    **{reason: Figure("units", "open", ("group",), reason) for reason in REASONS},
}


def lines(units: Sequence[Unit], basis: BasisName, *, rule: str) -> list[Line]:
    """`rule` is the project's counting rule; it decides about right-holders only."""
    if basis == "units":
        return [Line(1, unit.signed, (unit,)) for unit in units]
    if basis == "area":
        return [Line(unit.area, unit.signed, (unit,)) for unit in units]
    by_key: dict[str, list[Unit]] = {}
    for unit in units:
        for key in (unit.household_id,) if basis == "households" else unit.people:
            by_key.setdefault(key, []).append(unit)
    some = basis == "right_holders" and rule == "any_unit_signed"
    return [
        Line(1, any(unit.signed for unit in own) if some else all(unit.signed for unit in own), tuple(own))
        for own in by_key.values()
    ]


def of(units: Sequence[Unit], figure: Figure, *, rule: str, narrowed: dict[str, str]) -> list[Line]:
    """Both sides of the figure. `narrowed` has values for fields of its scope, an empty one for units without any; by what it does not
    name, nothing is narrowed.
    """
    wanted = {name: narrowed[name] for name in figure.scope if name in narrowed}
    mine = [unit for unit in units if all((getattr(unit, name) or "") == value for name, value in wanted.items())]
    if figure.reason:
        mine = [unit for unit in mine if unit.reason == figure.reason]
    return lines(mine, figure.basis, rule=rule)


def amount(found: Sequence[Line]) -> int:
    return sum(line.amount for line in found)

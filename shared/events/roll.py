"""The roll of a project: its four totals, its digest and its counting rule. Everybody who has the events gets the same.

Invariant: the result depends on the units alone, not on the order in which they arrived. EVENTS.md says the same in
words, for readers who do not run this code.
Left to others: which units belong to the roll (all of the project, at their highest revision before the roll was frozen).
Held by tests/unit/events/test_roll.py.
"""

import hashlib
from collections.abc import Iterable
from typing import Final, NamedTuple, get_args
from uuid import UUID

from shared.events.registry import Totals, UnitRegistered
from shared.events.terms import CountingRule

COUNTING_RULES: Final[tuple[CountingRule, ...]] = get_args(CountingRule)


class Line(NamedTuple):
    """One unit of the roll. `right_holders` are (person, share as in the event or None), in any order."""

    unit_id: UUID
    household_id: UUID
    area_hundredths_m2: int
    right_holders: tuple[tuple[UUID, str | None], ...]


def line(unit: UnitRegistered) -> Line:
    holders = tuple((holder.person_id, holder.share) for holder in unit.right_holders)
    return Line(unit.unit_id, unit.household_id, unit.area_hundredths_m2, holders)


def current(registered: Iterable[UnitRegistered]) -> list[Line]:
    """One line per unit, from the event with its highest revision before the roll was frozen."""
    newest: dict[UUID, UnitRegistered] = {}
    for unit in registered:
        if unit.after_freeze:
            continue
        if unit.unit_id not in newest or newest[unit.unit_id].revision < unit.revision:
            newest[unit.unit_id] = unit
    return [line(unit) for unit in newest.values()]


def totals(lines: Iterable[Line]) -> Totals:
    """A household and a person with several units count once."""
    lines = list(lines)
    return Totals(
        units=len({line.unit_id for line in lines}),
        households=len({line.household_id for line in lines}),
        right_holders=len({person for line in lines for person, _ in line.right_holders}),
        area_hundredths_m2=sum(line.area_hundredths_m2 for line in lines),
    )


def digest(lines: Iterable[Line]) -> str:
    """SHA-256 over the units' canonical lines, sorted, each ended by a line feed; 64 hexadecimal digits."""
    return hashlib.sha256("".join(sorted(map(_canonical, lines))).encode()).hexdigest()


def counting_rule(code: str) -> CountingRule | None:
    """The rule of this code; None for a rule of a later release. A counting service refuses such a rule and never guesses."""
    return next((rule for rule in COUNTING_RULES if rule == code), None)


def _canonical(line: Line) -> str:
    holders = sorted(f"{person}:{share or '-'}" for person, share in line.right_holders)
    return f"{line.unit_id}|{line.household_id}|{line.area_hundredths_m2}|{','.join(holders)}\n"

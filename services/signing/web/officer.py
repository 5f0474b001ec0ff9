"""/mine: the officer's phone: their units, sorted by what each needs next, and a case in one hand.

Who the officer is, says the staff number of their login; which units they answer for, the registry's events. Left to others: the acts
themselves, which are done on the case's pages below /desk, and the words (officer.toml).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, render_template, request

from services.signing.domain import next_step
from services.signing.domain.next_step import Step, Turn
from services.signing.queries import case_file, my_units
from services.signing.queries.case_file import CaseFile
from services.signing.queries.my_units import MyUnit
from services.signing.web import desk as desks
from shared.events.day import business_day
from shared.service import identity
from shared.service.context import context
from shared.service.database import reading
from shared.web.shell import AsOf, text

_TABS: Final = ("mine", "others", "all")
# Where the next step is done, below /desk/{unit_id}; what is not here is done at a desk or by another office.
_DONE_AT: Final[dict[Step, str]] = {
    "lock": "", "review": "", "pre_registered": "/mandates", "ready": "/mandates", "half_signed": "/mandates",
    "returned": "/terms", "draft": "/terms", "rescinded": "/terms", "confirm": "/rights", "disputed": "/rights", "area_disputed": "/rights",
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A unit in the list."""

    unit: MyUnit
    step: Step

    @property
    def turn(self) -> Turn:
        return next_step.turn(self.step)


def add_to(pages: Blueprint) -> None:
    looking = identity.requires("officer")
    for path, view in (("", mine), ("/<uuid:unit_id>", unit), ("/card", card)):
        pages.add_url_rule(f"/mine{path}", view.__name__, looking(view))


def mine() -> str:
    lines, at = _mine()
    tab = request.args.get("tab", "")
    tab = tab if tab in _TABS else _TABS[0]
    counts = Counter(line.turn for line in lines)
    shown = [line for line in lines if tab in ("all", line.turn)]
    return render_template(
        "mine.html",
        title=text("mine.title"),
        lines=shown,
        tab=tab,
        tabs={"mine": counts["mine"], "others": counts["others"], "all": len(lines)},
        done=counts["done"],
        units=[line.unit for line in lines],
        several=len({(line.unit.compound, line.unit.building) for line in lines}) > 1,
        as_of=at,
    )


def unit(unit_id: UUID) -> str:
    with reading(context().engine, granted=identity.current().granted) as tx:
        case, at = case_file.read(tx, unit_id), _as_of()
    step = _step(case)
    return render_template(
        "mine-unit.html",
        title=f"{case.compound} {case.building} {case.door}",
        case=case,
        step=step,
        turn=next_step.turn(step),
        done_at=_DONE_AT.get(step),
        desk=desks.of(case, today=business_day(context().clock.now()), signing=False),
        as_of=at,
    )


def card() -> str:
    """亮身份: who stands at the door. A code that an owner can check comes later."""
    lines, at = _mine()
    units = [line.unit for line in lines]
    return render_template(
        "mine-card.html",
        title=text("mine.card"),
        units=units,
        number=identity.current().staff_number,
        places=dict.fromkeys(f"{unit.compound} {unit.building}" for unit in units),
        as_of=at,
    )


def _mine() -> tuple[Sequence[Line], AsOf]:
    """What is nearest to a signature first; within a step by place."""
    with reading(context().engine, granted=identity.current().granted) as tx:
        units, at = my_units.read(tx, identity.current().staff_number), _as_of()
    lines = [Line(unit, _step(unit)) for unit in units]
    return sorted(lines, key=lambda line: next_step.ORDER.index(line.step)), at


def _step(case: MyUnit | CaseFile) -> Step:
    facts: dict[str, Any] = {"rights": case.rights, "area_disputed": case.area_disputed}
    if isinstance(case, MyUnit):
        return next_step.of(state=case.state, signatures=case.signatures, **facts)
    holders = case.agreement.right_holders if case.agreement else []
    signatures = sum(holder.signed_at is not None for holder in holders)
    return next_step.of(state=case.agreement.state if case.agreement else None, signatures=signatures, **facts)


def _as_of() -> AsOf:
    """序号 is reporting's feed number: no other counter is shown under that name."""
    return AsOf(context().clock.now(), None, None)

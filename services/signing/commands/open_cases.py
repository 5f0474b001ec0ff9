"""Applies registered units: opens a case for a new unit, updates a known one, disputes changed rights."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.signing.commands.settle_agreements import settle_first
from services.signing.domain.case import Case, Unit
from services.signing.domain.rights import Rights
from services.signing.store import cases, roll
from shared.service.clock import Clock
from shared.service.database import Transaction


@dataclass(frozen=True)
class Registered:
    """`after_freeze`: registered after the roll was frozen, so it changes the unit but not the roll."""

    unit: Unit
    rights: Rights
    after_freeze: bool


@dataclass(frozen=True)
class OpenCases:
    """At most one entry per unit."""

    registered: Sequence[Registered]


def open_cases(tx: Transaction, command: OpenCases, clock: Clock) -> None:
    known = cases.lock_units(tx, [registered.unit.unit_id for registered in command.registered])
    settled = settle_first(tx, known)
    signed = cases.with_signed_agreement(tx, known.values())
    at, opened, on_roll = clock.now(), [], []
    for registered in command.registered:
        case = known.get(registered.unit.unit_id)
        if case is None:
            opened.append(case := Case.open(registered.unit, registered.rights, at=at))
        elif not case.apply_registration(
            registered.unit, registered.rights, signed=registered.unit.unit_id in signed, at=at
        ):
            continue
        if not registered.after_freeze:
            on_roll.append(case)
    cases.add(tx, opened, at=at)
    cases.save(tx, *known.values(), at=at, new_facts=True)
    roll.keep_holders(tx, on_roll)
    tx.record(*settled, *(event for case in (*opened, *known.values()) for event in case.recorded))

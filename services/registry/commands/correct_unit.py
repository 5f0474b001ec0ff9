"""Corrects one unit or its right-holders after the import. It works as an import of this unit alone, in one transaction.

Invariant: a correction passes the same checks as a workbook. After the roll is frozen, right-holders may still change, as a new
revision for signing; the unit's membership of the roll, its household and its area may not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from services.registry.commands.stage_import import staged
from services.registry.domain import lines, person, written
from services.registry.domain.cells import Value
from services.registry.domain.lines import Line
from services.registry.domain.person import Personal
from services.registry.domain.template import HOLDERS, HOLDERS_SHEET
from services.registry.store import alike, checks, corrections, people, projects, units
from services.registry.store.corrections import Correction, Held
from services.registry.store.vault import Vault
from shared.refusal import Refused
from shared.service.database import Transaction

_IN_THE_ROLL = ("registered_area", "household")
_OF_UNIT = frozenset(column.name for column in HOLDERS if column.of_unit)


@dataclass(frozen=True)
class Holding:
    """A right-holder: a registered person, or `details` of a new one. `details` also has share and capacity.

    `details` by column of the template, in its words.
    """

    details: Mapping[str, Value]
    person_id: UUID | None = None
    guardian_id: UUID | None = None


@dataclass(frozen=True)
class CorrectUnit:
    """`changes`: by column of the template, in its words; None empties it. `holdings`: all of them, or None to leave them."""

    unit_id: UUID
    expected: int
    changes: Mapping[str, Value | None]
    holdings: Sequence[Holding] | None
    reason: str
    by: str
    at: datetime
    today: date


def correct_unit(tx: Transaction, vault: Vault, command: CorrectUnit) -> int:
    """Returns the unit's revision: the next one, or the same if nothing changed.

    Raises Unknown; Refused: register-busy, version-superseded, roll-frozen, person-forgotten, correction-faulty.
    """
    people.lock_district_or_refuse(tx)
    projects.lock(tx, corrections.project_of(tx, command.unit_id))
    unit = corrections.held(tx, command.unit_id, expected=command.expected)
    unit_values = {
        name: value for name, value in {**written.unit(unit.source), **command.changes}.items() if value is not None
    }
    _refuse_what_is_counted(tx, unit, unit_values)
    rows = _rows(tx, vault, unit, command, unit_values)
    import_id = corrections.begin(tx, unit, by=command.by, at=command.at)
    changed = _checked(tx, vault, import_id, unit, rows)
    events = people.record(tx, vault, _marked(vault, rows), at=command.at)
    revision = unit.revision
    if changed:
        registered = units.carry_one_over(tx, import_id, unit.project_id)
        revision = registered.revision
        noted = Correction(revision, changed, command.reason, command.by, command.at)
        corrections.record(tx, noted, unit_id=unit.unit_id)
        events.append(registered)
    corrections.end(tx, import_id)
    tx.record(*events)
    return revision


def _refuse_what_is_counted(tx: Transaction, unit: Held, unit_values: Mapping[str, Value]) -> None:
    held = written.unit(unit.source)
    counted = [name for name in _IN_THE_ROLL if held.get(name) != unit_values.get(name)]
    if counted and projects.frozen_at(tx, unit.project_id):
        raise Refused("roll-frozen", fields=counted)


def _rows(
    tx: Transaction, vault: Vault, unit: Held, command: CorrectUnit, unit_values: Mapping[str, Value]
) -> list[Line]:
    """One line per right-holder, as in a workbook. Raises Refused: person-forgotten, correction-faulty."""
    holdings = _held(unit) if command.holdings is None else command.holdings
    person_ids = [
        person_id for holding in holdings for person_id in (holding.person_id, holding.guardian_id) if person_id
    ]
    known = people.opened(tx, vault, person_ids)
    if missing := [person_id for person_id in person_ids if person_id not in known]:
        raise people.absent(tx, missing[0])
    found, faults = [], []
    for row, holding in enumerate(holdings, start=1):
        words = {**unit_values, **_words(holding, known)}
        line, flaws = lines.holder(
            row, {name: written.cell(value) for name, value in words.items()}, today=command.today
        )
        found.append(replace(line, emptied=_emptied(command.changes)))
        faults += [(row, fault.column, fault.code) for fault in flaws]
    _refuse(faults)
    return found


def _held(unit: Held) -> list[Holding]:
    return [
        Holding(written.holder(kept), person_id, guardian_id)
        for kept, (person_id, guardian_id) in zip(unit.source["holders"], unit.holders, strict=True)
    ]


def _words(holding: Holding, known: Mapping[UUID, Personal]) -> dict[str, Value]:
    words = dict(holding.details)
    if holding.person_id:
        words |= written.person(known[holding.person_id])
    if holding.guardian_id:
        words |= written.guardian(known[holding.guardian_id])
    return words


def _emptied(changes: Mapping[str, Value | None]) -> frozenset[str]:
    """The newer columns to empty: in an import their empty cell leaves the value (template.Column)."""
    return frozenset(
        column.name for column in HOLDERS if column.newer and column.name in changes and changes[column.name] is None
    )


def _checked(tx: Transaction, vault: Vault, import_id: UUID, unit: Held, rows: Sequence[Line]) -> list[str]:
    """The columns that would change. Raises Refused correction-faulty."""
    key, _ = vault.new_key(import_id)
    place = {name: rows[0].text(name) for name in ("compound", "building")}
    corrections.stage(tx, import_id, unit, [staged(line, import_id, vault, key) for line in rows], place)
    checks.run(tx, import_id, unit.project_id)
    alike.explain_differences(tx, vault, import_id, key, sheet=HOLDERS_SHEET)
    faults, changed = corrections.found(tx, import_id)
    _refuse(faults)
    return changed


def _refuse(faults: Sequence[tuple[int, str, str]]) -> None:
    """Raises Refused correction-faulty, naming each place in the request's body."""
    if not faults:
        return
    named = dict.fromkeys(
        (_pointer(row, column), code) for row, column, code in faults
    )  # a unit's column is on each row
    raise Refused("correction-faulty", faults=[{"field": field, "code": code} for field, code in named])


def _pointer(row: int, column: str) -> str:
    return f"/{column}" if column in _OF_UNIT else f"/right_holders/{row - 1}/{column}"


def _marked(vault: Vault, rows: Sequence[Line]) -> dict[bytes, Personal]:
    found: dict[bytes, Personal] = {}
    for line in rows:
        values = {name: line.text(name) for name in line.values}
        owners = [person.of_line(values)]
        if values.get("guardian_name"):
            owners.append(person.of_line(values, guardian=True))
        for owner in owners:
            mark = vault.document_mark(owner)
            found[mark] = found[mark].renewed(owner) if mark in found else owner
    return found

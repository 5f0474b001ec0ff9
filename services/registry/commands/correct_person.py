"""Corrects a person's contact, time zone, language or the spelling of the name. Their document cannot be changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.registry.domain import details
from services.registry.store import corrections, people, units
from services.registry.store.corrections import Correction
from services.registry.store.vault import Vault
from shared.refusal import Refused
from shared.service.database import Transaction


@dataclass(frozen=True)
class CorrectPerson:
    """`changes`: name, mobile, email, language, time_zone; None empties mobile, email or time_zone."""

    person_id: UUID
    expected: int
    changes: Mapping[str, str | None]
    reason: str
    by: str
    at: datetime
    today: date


def correct_person(tx: Transaction, vault: Vault, command: CorrectPerson) -> int:
    """Returns the person's new revision. A corrected name is published with every unit of the person.

    Raises Unknown; Refused: register-busy, version-superseded, person-forgotten, correction-faulty.
    """
    kind = people.kind(tx, command.person_id)
    if faults := details.flaws(command.changes, today=command.today, kind=kind):
        raise Refused("correction-faulty", faults=faults)
    people.lock_district_or_refuse(tx)
    revision, events = people.change(
        tx, vault, command.person_id, command.changes, expected=command.expected, at=command.at
    )
    if revision != command.expected:
        noted = Correction(revision, list(command.changes), command.reason, command.by, command.at)
        corrections.record(tx, noted, person_id=command.person_id)
    if events and "name" in command.changes:
        events += units.renamed(tx, command.person_id)
    tx.record(*events)
    return revision

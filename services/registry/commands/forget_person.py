"""Forgets a person: deletes the data key, so that their sealed data is unreadable here and in every reading service.

Invariant: nobody is forgotten while an import or a correction looks their right-holders up by document.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.registry.store import people
from shared.service.database import Transaction


@dataclass(frozen=True)
class ForgetPerson:
    person_id: UUID
    reason: str
    by: str
    at: datetime


def forget_person(tx: Transaction, command: ForgetPerson) -> UUID:
    """The id of the deleted key. Raises Unknown; Refused: register-busy, person-forgotten."""
    people.lock_district_or_refuse(tx)
    return people.forget(tx, command.person_id, reason=command.reason, by=command.by, at=command.at)

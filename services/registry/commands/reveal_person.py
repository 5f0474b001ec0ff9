"""Shows a person's readable data. The request is recorded before the data is opened; the record is permanent."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.registry.domain.person import Personal
from services.registry.store import people
from services.registry.store.vault import Vault
from shared.service.database import Transaction


@dataclass(frozen=True)
class RevealPerson:
    person_id: UUID
    reason: str
    subject: str
    roles: tuple[str, ...]
    at: datetime


def reveal_person(tx: Transaction, vault: Vault, command: RevealPerson) -> Personal:
    """Raises Unknown; Refused person-forgotten."""
    seen = {"subject": command.subject, "roles": list(command.roles), "reason": command.reason, "at": command.at}
    return people.reveal(tx, vault, command.person_id, seen=seen)

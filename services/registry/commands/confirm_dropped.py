"""A reading service has dropped a person's data key."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.registry.store import people
from shared.service.database import Transaction


@dataclass(frozen=True)
class ConfirmDropped:
    person_id: UUID
    key_id: UUID
    reader: str
    at: datetime


def confirm_dropped(tx: Transaction, commands: Sequence[ConfirmDropped]) -> None:
    people.confirm_dropped(
        tx,
        [
            {"person_id": each.person_id, "key_id": each.key_id, "reader": each.reader, "dropped_at": each.at}
            for each in commands
        ],
    )

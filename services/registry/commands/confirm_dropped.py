"""Records that a reading service has dropped a person's data key."""

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
            {
                "person_id": command.person_id,
                "key_id": command.key_id,
                "reader": command.reader,
                "dropped_at": command.at,
            }
            for command in commands
        ],
    )

"""Forgets a person: deletes their key and contact, withholds their unsent messages, and confirms this to the registry."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.notify.store import known, messages
from services.notify.store.contacts import READER
from shared.events.notify import KeyDropped
from shared.service.database import Transaction


@dataclass(frozen=True)
class DropKey:
    person_id: UUID
    at: datetime


def drop_key(tx: Transaction, command: DropKey) -> None:
    key_id = known.drop_key(tx, command.person_id, at=command.at)
    messages.withhold(tx, command.person_id, at=command.at)
    if key_id is not None:
        tx.record(KeyDropped(person_id=command.person_id, key_id=key_id, reader=READER, dropped_at=command.at))

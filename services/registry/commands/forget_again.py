"""After a restore to an earlier moment: forgets again who was forgotten since. Their key is back in the vault; it is deleted once more."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from services.registry.store import people
from shared.refusal import Refused, Unknown
from shared.service.database import Transaction

Outcome = Literal["forgotten", "already", "unknown"]
_REASON = "forgotten before a restore; applied again"


class ForgetAgain(BaseModel):
    """A line of the list of erasures, which is kept apart from backups (deploy/backups/lists.py)."""

    person_id: UUID
    district: str
    key_id: UUID
    forgotten_by: str
    forgotten_at: datetime


def forget_again(tx: Transaction, command: ForgetAgain) -> Outcome:
    """`unknown`: the person came into the register after the moment that was restored. Waits for an import that is being written."""
    people.lock_district(tx)
    try:
        people.forget(tx, command.person_id, reason=_REASON, by=command.forgotten_by, at=command.forgotten_at)
    except Unknown:
        return "unknown"
    except Refused:
        return "already"
    return "forgotten"

"""Records the outcome of an unknown message, which a person found out. Sends nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.notify.domain.act import Act
from services.notify.domain.message import Message
from services.notify.domain.outcome import Accepted, NotAccepted
from services.notify.store import acts, messages
from shared.service.database import Transaction

_BY_A_PERSON = "confirmed-by-a-person"


@dataclass(frozen=True)
class ResolveMessage:
    """`done_by`: the subject of whoever found it out."""

    message_key: str
    outcome: Literal["arrived", "not_arrived"]
    done_by: str
    at: datetime
    real_at: datetime


def resolve_message(tx: Transaction, command: ResolveMessage) -> Message:
    """Raises Unknown, and Refused message-not-unknown."""
    message = messages.load(tx, command.message_key)
    arrived = command.outcome == "arrived"
    message.resolve(Accepted(_BY_A_PERSON) if arrived else NotAccepted("not-arrived", permanent=True), at=command.at)
    messages.end_try(tx, message, number=message.tries, real_at=command.real_at)
    messages.save(tx, message)
    acts.record(tx, Act(command.outcome, message.message_key, command.done_by, command.real_at))
    return message

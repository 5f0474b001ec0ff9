"""Sends a failed message again by a person's order, for instance after the number was corrected."""

from dataclasses import dataclass
from datetime import datetime

from services.notify.domain.act import Act
from services.notify.domain.message import Message
from services.notify.store import acts, messages
from shared.service.database import Transaction


@dataclass(frozen=True)
class RetryMessage:
    """`done_by`: the subject of whoever orders it."""

    message_key: str
    done_by: str
    real_at: datetime


def retry_message(tx: Transaction, command: RetryMessage) -> Message:
    """Raises Unknown, and Refused message-not-failed."""
    message = messages.load(tx, command.message_key)
    message.retry(real_at=command.real_at)
    messages.save(tx, message)
    acts.record(tx, Act("retry", message.message_key, command.done_by, command.real_at))
    return message

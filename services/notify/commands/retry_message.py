"""Sends a failed message again by a person's order, for instance after the number was corrected."""

from dataclasses import dataclass
from datetime import datetime

from services.notify.domain.message import Message
from services.notify.store import messages
from shared.service.database import Transaction


@dataclass(frozen=True)
class RetryMessage:
    message_key: str
    real_at: datetime


def retry_message(tx: Transaction, command: RetryMessage) -> Message:
    """Raises Unknown, and Refused message-not-failed."""
    message = messages.load(tx, command.message_key)
    message.retry(real_at=command.real_at)
    messages.save(tx, message)
    return message

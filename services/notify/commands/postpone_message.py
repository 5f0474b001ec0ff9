"""Postpones a claimed message to the morning, because it is night where the person lives. No gateway was called."""

from dataclasses import dataclass
from datetime import datetime

from services.notify.store import messages
from shared.service.database import Transaction


@dataclass(frozen=True)
class PostponeMessage:
    """`tries` and `tried_at` identify the claim to give back."""

    message_key: str
    tries: int
    tried_at: datetime
    until: datetime
    real_at: datetime


def postpone_message(tx: Transaction, command: PostponeMessage) -> None:
    message = messages.load(tx, command.message_key)
    if message.state == "trying" and message.is_last_try(command.tries, command.tried_at):
        message.postpone(until=command.until)
        messages.end_try(tx, message, number=command.tries, real_at=command.real_at)
        messages.save(tx, message)

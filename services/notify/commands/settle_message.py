"""What became of a try, told by the gateway: at once, late, or when asked."""

from dataclasses import dataclass
from datetime import datetime

from services.notify.domain.message import Message
from services.notify.domain.outcome import Outcome
from services.notify.store import messages
from shared.service.database import Transaction


@dataclass(frozen=True)
class SettleMessage:
    """`tries` names the try: an answer to an earlier one than the last changes nothing."""

    message_key: str
    tries: int
    outcome: Outcome
    at: datetime
    real_at: datetime


def settle_message(tx: Transaction, command: SettleMessage) -> Message:
    message = messages.load(tx, command.message_key)
    if message.state in ("trying", "unknown") and message.tries == command.tries:
        message.settle(command.outcome, at=command.at, real_at=command.real_at)
        messages.end_try(tx, message, real_at=command.real_at)
        messages.save(tx, message)
    return message

"""What payments does about events: it notes that its own have come back over the bus, as a bank's gateway would read them."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from services.payments.store import payments
from shared.events.payments import PaymentRequested

from shared.messaging.consumer import Reaction
from shared.messaging.ports import Message
from shared.service.database import Transaction

CONSUMER: Final = "payments"
KINDS: Final = ("payments-payment",)


def when_payment_requested_note_it(tx: Transaction, messages: Sequence[Message]) -> None:
    payments.note_published(tx, [UUID(message.key) for message in messages])


REACTIONS: Final[Mapping[str, Reaction]] = {PaymentRequested.declared.type: when_payment_requested_note_it}

"""What payments does about events: it notes that its own have come back over the bus, as a bank's gateway would read them."""

from typing import Final

from services.payments.store import payments
from shared.events.payments import PaymentRequested

from shared.events import topics
from shared.messaging.reactions import Batch, Reactions, on, table
from shared.service.database import Transaction

CONSUMER: Final = "payments"
KINDS: Final = topics.read_by(CONSUMER)


def when_payment_requested_note_it(tx: Transaction, batch: Batch[PaymentRequested]) -> None:
    payments.note_published(tx, [event.payment_id for event in batch.events])


def reactions() -> Reactions:
    return table(on(PaymentRequested, when_payment_requested_note_it))

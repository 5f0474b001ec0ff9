"""A payment is asked for."""

from uuid import UUID, uuid4

from services.payments.store import payments
from shared.events.payments import PaymentRequested

from shared.service.database import Transaction


def request_payment(tx: Transaction, amount_fen: int) -> UUID:
    payment_id = uuid4()
    payments.add(tx, payment_id, amount_fen)
    tx.record(PaymentRequested(payment_id=payment_id, amount_fen=amount_fen))
    return payment_id

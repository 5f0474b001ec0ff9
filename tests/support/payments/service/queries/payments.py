"""One payment."""

from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text

from shared.refusal import Unknown
from shared.service.database import Transaction


class PaymentState(BaseModel):
    payment_id: UUID
    amount_fen: int
    published: bool


_ONE = text("select payment_id, amount_fen, published from payments where payment_id = :payment_id")


def one(tx: Transaction, payment_id: UUID) -> PaymentState:
    """Raises Unknown."""
    if (row := tx.connection.execute(_ONE, {"payment_id": payment_id}).mappings().one_or_none()) is None:
        raise Unknown
    return PaymentState(**row)

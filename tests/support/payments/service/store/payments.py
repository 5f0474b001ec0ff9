"""The table payments."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text

from shared.service.database import Transaction

_ADD = text("insert into payments (district, payment_id, amount_fen) values (:district, :payment_id, :amount_fen)")
_NOTE = text("update payments set published = true where payment_id = any (:payment_ids)")


def add(tx: Transaction, payment_id: UUID, amount_fen: int) -> None:
    tx.connection.execute(_ADD, {"district": tx.district, "payment_id": payment_id, "amount_fen": amount_fen})


def note_published(tx: Transaction, payment_ids: Sequence[UUID]) -> None:
    tx.connection.execute(_NOTE, {"payment_ids": list(payment_ids)})

"""The as-of number of a page: the last journal event in the granted districts."""

from sqlalchemy import text

from shared.service.database import Transaction

_LAST = text("select max(id) from events")


def read(tx: Transaction) -> int | None:
    """The number of the last event written; None before the first."""
    return tx.connection.execute(_LAST).scalar_one_or_none()

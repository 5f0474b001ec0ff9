"""When a page was read, and the last event of notify's journal at that time."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from shared.service.database import Transaction

_LAST = text("select max(id) from events")


@dataclass(frozen=True)
class AsOf:
    """Read from the source of truth, so there is no lag."""

    at: datetime
    number: int


def read(tx: Transaction, *, at: datetime) -> AsOf:
    return AsOf(at, tx.connection.execute(_LAST).scalar_one_or_none() or 0)

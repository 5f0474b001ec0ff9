"""As of when a page was read, and up to which event of notify's own journal."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from shared.service.database import Transaction

_LAST = text("select max(id) from events")


@dataclass(frozen=True)
class AsOf:
    """Read from the source itself: there is no lag to show."""

    at: datetime
    number: int


def read(tx: Transaction, *, at: datetime) -> AsOf:
    return AsOf(at, tx.connection.execute(_LAST).scalar_one_or_none() or 0)

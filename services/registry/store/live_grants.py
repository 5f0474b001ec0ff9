"""The grants that are in force, or will be: whom a change of the contract may break."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from shared.service.database import Transaction

_LIVE = text("""
    select grant_id, agency, district, purpose, audiences, event_types, ends_at from grants
    where approved_at is not null and revoked_at is null and ends_at > :now order by agency, district, grant_id
""")


class LiveGrant(NamedTuple):
    grant_id: UUID
    agency: str
    district: str
    purpose: str
    audiences: list[str]
    event_types: list[str]
    ends_at: datetime


def live(tx: Transaction, *, now: datetime) -> list[LiveGrant]:
    """Of all districts that the transaction sees."""
    return [LiveGrant(*row) for row in tx.connection.execute(_LIVE, {"now": now})]

"""What an agency may have now, by its grants in force. Whoever gives something out asks here, in the transaction that gives it."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import text

from shared.events import catalogue
from shared.service.database import Transaction

_GRANTS = text("""
    select agency, audiences, event_types from agency_grants
    where district = :district and starts_at <= :now and ends_at > :now
""")


def in_force(tx: Transaction, *, now: datetime) -> dict[str, frozenset[str]]:
    """By agency, the types it may have. `now`: of the business clock."""
    grants = defaultdict(list)
    for row in tx.connection.execute(_GRANTS, {"district": tx.district, "now": now}):
        grants[row.agency].append(row)
    found = {agency: types_of(rows) for agency, rows in grants.items()}
    return {agency: types for agency, types in found.items() if types}


def types_of(grants: Iterable[Any]) -> frozenset[str]:
    """Of rows with `audiences` and `event_types`. A type counts only if its own audience is granted."""
    audiences = {event.declared.type: event.declared.audience for event in catalogue.events()}
    return frozenset(
        event_type
        for grant in grants
        for event_type in grant.event_types
        if audiences.get(event_type, "restricted") in grant.audiences
    )

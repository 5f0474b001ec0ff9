"""The types of event that an agency may have now, by its grants in force. Whoever gives something out asks here, in its own transaction."""

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
    """Of rows with `audiences` and `event_types`."""
    return frozenset().union(*(catalogue.of_audiences(grant.event_types, grant.audiences) for grant in grants))

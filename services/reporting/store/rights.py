"""What an agency may have now, by its grants in force. Whoever gives something out asks here, in the transaction that gives it."""

from collections import defaultdict
from datetime import datetime

from sqlalchemy import text

from shared.events import catalogue
from shared.service.database import Transaction

_GRANTS = text("""
    select agency, audiences, event_types from agency_grants
    where district = :district and starts_at <= :now and ends_at > :now
""")


def in_force(tx: Transaction, *, now: datetime) -> dict[str, frozenset[str]]:
    """By agency, the types it may have; a type counts only if its own audience is granted. `now`: of the business clock."""
    audiences = {event.declared.type: event.declared.audience for event in catalogue.events()}
    found: dict[str, set[str]] = defaultdict(set)
    for row in tx.connection.execute(_GRANTS, {"district": tx.district, "now": now}):
        found[row.agency].update(kind for kind in row.event_types if audiences.get(kind, "restricted") in row.audiences)
    return {agency: frozenset(types) for agency, types in found.items() if types}

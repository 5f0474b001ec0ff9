"""Which agencies get a type of event by a grant, now or later, in the districts that the reader may see."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text

from shared.events.topics import Audience
from shared.service.database import Transaction

_READERS = text("""
    select agency, district, starts_at, ends_at from agency_grants
    where :type = any(event_types) and :audience = any(audiences) and ends_at > :now order by agency, district, starts_at
""")


class EventReader(NamedTuple):
    agency: str
    district: str
    starts_at: datetime
    ends_at: datetime


def of_event(tx: Transaction, event_type: str, audience: Audience, *, now: datetime) -> list[EventReader]:
    values = {"type": event_type, "audience": audience, "now": now}
    return [EventReader(*row) for row in tx.connection.execute(_READERS, values)]

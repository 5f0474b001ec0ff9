"""Tenants of units. An ended tenancy stays in the list. A person has at most one current tenancy of a unit."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from sqlalchemy import text
from uuid_utils.compat import uuid7

from shared.refusal import Refused, Unknown
from shared.service.database import Transaction

_ADD = text("""
    insert into tenancies (tenancy_id, district, unit_id, person_id, use, since_on, until_on, recorded_by, recorded_at)
    select :tenancy_id, :district, :unit_id, person_id, :use, :since_on, :until_on, :by, :at
    from people where district = :district and document_mark = :document_mark
    on conflict (unit_id, person_id) where ended_on is null do nothing returning tenancy_id
""")
_END = text("""
    update tenancies set ended_on = :ended_on
    where tenancy_id = :tenancy_id and district = :district and ended_on is null returning tenancy_id
""")
_KNOWN = text("select tenancy_id from tenancies where tenancy_id = :tenancy_id and district = :district")


def add(tx: Transaction, document_mark: bytes, values: Mapping[str, object]) -> UUID:
    """The person must be recorded. Raises Refused tenant-there."""
    place = {"tenancy_id": uuid7(), "district": tx.district, "document_mark": document_mark}
    added = tx.connection.execute(_ADD, {**place, **values}).scalar()
    if added is None:
        raise Refused("tenant-there")
    return UUID(str(added))


def end(tx: Transaction, tenancy_id: UUID, *, ended_on: date) -> bool:
    """False: it had ended before. Raises Unknown."""
    place = {"tenancy_id": tenancy_id, "district": tx.district, "ended_on": ended_on}
    if tx.connection.execute(_END, place).scalar() is not None:
        return True
    if tx.connection.execute(_KNOWN, place).scalar() is None:
        raise Unknown
    return False

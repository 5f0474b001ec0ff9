"""The list of readable exports: append-only, like that of reveals."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import text
from uuid_utils.compat import uuid7

from shared.refusal import Unknown
from shared.service.database import Transaction

_ADD = text("""
    insert into exports (export_id, district, project_id, subject, roles, reason, units, exported_at)
    select :export_id, :district, project_id, :subject, :roles, :reason,
        (select count(*) from units where units.project_id = projects.project_id), :at
    from projects where project_id = :project_id and district = :district returning export_id
""")


def add(tx: Transaction, project_id: UUID, seen: Mapping[str, object]) -> UUID:
    """`seen`: who, in which roles, why and when. Raises Unknown."""
    place = {"export_id": uuid7(), "district": tx.district, "project_id": project_id}
    added = tx.connection.execute(_ADD, {**seen, **place}).scalar()
    if added is None:
        raise Unknown
    return UUID(str(added))

"""The list of annotated workbooks that were given out: append-only, like that of readable exports."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import text
from uuid_utils.compat import uuid7

from shared.service.database import Transaction

_UPLOADER = text("select uploaded_by from imports where import_id = :import_id and district = :district")
_ADD = text("""
    insert into annotations (annotation_id, district, import_id, project_id, subject, roles, reason, annotated_at)
    select :annotation_id, :district, import_id, project_id, :subject, :roles, :reason, :at
    from imports where import_id = :import_id and district = :district
""")


def uploaded_by(tx: Transaction, import_id: UUID) -> str | None:
    return tx.connection.execute(_UPLOADER, {"import_id": import_id, "district": tx.district}).scalar()


def add(tx: Transaction, import_id: UUID, seen: Mapping[str, object]) -> None:
    """`seen`: who, in which roles, why and when."""
    tx.connection.execute(_ADD, {**seen, "annotation_id": uuid7(), "district": tx.district, "import_id": import_id})

"""Who received the uploaded rows of an import with its mistakes, and why. For the auditor."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import text

from shared.service.database import Transaction


class AnnotationState(BaseModel):
    annotation_id: UUID
    district: str
    import_id: UUID
    project_id: UUID
    subject: str
    roles: list[str]
    reason: str | None = Field(description="absent: it was the reader's own upload")
    annotated_at: datetime


_PAGE = text("select * from annotations where annotation_id > :after order by annotation_id limit :limit")
_LATEST = text("select * from annotations order by annotation_id desc limit :limit")


def page(tx: Transaction, *, after: UUID, limit: int) -> list[AnnotationState]:
    rows = tx.connection.execute(_PAGE, {"after": after, "limit": limit}).mappings()
    return [AnnotationState.model_validate(dict(row)) for row in rows]


def latest(tx: Transaction, *, limit: int) -> list[AnnotationState]:
    rows = tx.connection.execute(_LATEST, {"limit": limit}).mappings()
    return [AnnotationState.model_validate(dict(row)) for row in rows]

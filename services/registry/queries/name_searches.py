"""Who searched people by name, and why. For the auditor."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import text

from shared.service.database import Transaction


class SearchState(BaseModel):
    search_id: UUID
    district: str
    subject: str
    roles: list[str]
    reason: str
    found: list[UUID] = Field(description="the people whose masked entries were shown; the name itself is not kept")
    searched_at: datetime


_PAGE = text("select * from name_searches where search_id > :after order by search_id limit :limit")
_LATEST = text("select * from name_searches order by search_id desc limit :limit")


def page(tx: Transaction, *, after: UUID, limit: int) -> list[SearchState]:
    rows = tx.connection.execute(_PAGE, {"after": after, "limit": limit}).mappings()
    return [SearchState.model_validate(dict(row)) for row in rows]


def latest(tx: Transaction, *, limit: int) -> list[SearchState]:
    rows = tx.connection.execute(_LATEST, {"limit": limit}).mappings()
    return [SearchState.model_validate(dict(row)) for row in rows]

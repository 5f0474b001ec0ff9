"""Who revealed which person, and why. For the auditor."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text

from shared.service.database import Transaction


class RevealState(BaseModel):
    reveal_id: UUID
    district: str
    person_id: UUID
    subject: str
    roles: list[str]
    reason: str
    revealed_at: datetime


_PAGE = text("""
    select reveal_id, district, person_id, subject, roles, reason, revealed_at from reveals
    where reveal_id > :after order by reveal_id limit :limit
""")

_LATEST = text("""
    select reveal_id, district, person_id, subject, roles, reason, revealed_at from reveals
    order by reveal_id desc limit :limit
""")


def page(tx: Transaction, *, after: UUID, limit: int) -> list[RevealState]:
    rows = tx.connection.execute(_PAGE, {"after": after, "limit": limit}).mappings()
    return [RevealState.model_validate(dict(row)) for row in rows]


def latest(tx: Transaction, *, limit: int) -> list[RevealState]:
    rows = tx.connection.execute(_LATEST, {"limit": limit}).mappings()
    return [RevealState.model_validate(dict(row)) for row in rows]

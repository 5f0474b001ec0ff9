"""Who did which act of the register, and when: the traces of the pages."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text

from services.registry.domain.act import Kind
from shared.service.database import Transaction


class ActState(BaseModel):
    kind: Kind
    district: str
    of: UUID | None
    name: str | None
    units: int | None
    changed: int | None
    done_by: str
    done_at: datetime


_OF_PROJECT = text("""
    select * from acts where project_id = :project_id and kind = any(:kinds) order by act_id desc limit :limit
""")
_OF = text("select * from acts where of = any(:ids) and kind = any(:kinds) order by act_id")
_DISTRICTS_OPENED = text("select * from acts where kind = 'district-opened' order by act_id limit :limit")


def of_project(tx: Transaction, project_id: UUID, *kinds: Kind, limit: int) -> list[ActState]:
    """Newest first."""
    values = {"project_id": project_id, "kinds": list(kinds), "limit": limit}
    return [ActState.model_validate(dict(row)) for row in tx.connection.execute(_OF_PROJECT, values).mappings()]


def of(tx: Transaction, ids: Collection[UUID], *kinds: Kind) -> list[ActState]:
    """What was done to these groups, imports or tenancies, oldest first."""
    values = {"ids": list(ids), "kinds": list(kinds)}
    return [ActState.model_validate(dict(row)) for row in tx.connection.execute(_OF, values).mappings()]


def districts_opened(tx: Transaction, *, limit: int) -> dict[str, ActState]:
    """By district."""
    rows = tx.connection.execute(_DISTRICTS_OPENED, {"limit": limit}).mappings()
    return {row["district"]: ActState.model_validate(dict(row)) for row in rows}

"""Corrections with author and reason; and tenants."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text

from shared.refusal import Unknown
from shared.service.database import Transaction


class CorrectionState(BaseModel):
    """`changed` lists columns; their values are not recorded."""

    correction_id: UUID
    revision: int
    changed: list[str]
    reason: str
    corrected_by: str
    corrected_at: datetime


class TenancyState(BaseModel):
    tenancy_id: UUID
    unit_id: UUID
    person_id: UUID
    masked_name: str
    kind: str
    use: str
    since_on: date | None
    until_on: date | None
    ended_on: date | None
    recorded_by: str
    recorded_at: datetime


_CORRECTIONS = """
    select correction_id, revision, changed, reason, corrected_by, corrected_at from corrections
    where {of} = :of and correction_id > :after order by correction_id limit :limit
"""
_CORRECTIONS_BY = {name: text(_CORRECTIONS.format(of=name)) for name in ("unit_id", "person_id")}
_LOOKUP = {
    "unit_id": text("select unit_id from units where unit_id = :of"),
    "person_id": text("select person_id from people where person_id = :of"),
}
_TENANCY = """
    select tenancy_id, unit_id, person_id, masked_name, kind, use, since_on, until_on, ended_on,
        recorded_by, recorded_at
    from tenancies join people using (person_id)
"""
_TENANCIES = text(f"{_TENANCY} where unit_id = :of and tenancy_id > :after order by tenancy_id limit :limit")
_ONE = text(f"{_TENANCY} where tenancy_id = :tenancy_id")


def of_unit(tx: Transaction, unit_id: UUID, *, after: UUID, limit: int) -> list[CorrectionState]:
    """Raises Unknown."""
    return _page(tx, "unit_id", {"of": unit_id, "after": after, "limit": limit})


def of_person(tx: Transaction, person_id: UUID, *, after: UUID, limit: int) -> list[CorrectionState]:
    """Raises Unknown."""
    return _page(tx, "person_id", {"of": person_id, "after": after, "limit": limit})


def tenancies(tx: Transaction, unit_id: UUID, *, after: UUID, limit: int) -> list[TenancyState]:
    """Raises Unknown."""
    _expect_known(tx, "unit_id", unit_id)
    place = {"of": unit_id, "after": after, "limit": limit}
    return [TenancyState.model_validate(dict(row)) for row in tx.connection.execute(_TENANCIES, place).mappings()]


def tenancy(tx: Transaction, tenancy_id: UUID) -> TenancyState:
    """Raises Unknown."""
    row = tx.connection.execute(_ONE, {"tenancy_id": tenancy_id}).mappings().one_or_none()
    if row is None:
        raise Unknown
    return TenancyState.model_validate(dict(row))


def _page(tx: Transaction, id_column: str, place: dict[str, object]) -> list[CorrectionState]:
    _expect_known(tx, id_column, place["of"])
    return [
        CorrectionState.model_validate(dict(row))
        for row in tx.connection.execute(_CORRECTIONS_BY[id_column], place).mappings()
    ]


def _expect_known(tx: Transaction, id_column: str, value: object) -> None:
    if tx.connection.execute(_LOOKUP[id_column], {"of": value}).scalar() is None:
        raise Unknown

"""How far a project is: every basis with numerator, denominator and distance, the numbers given, and what has been decided."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import text

from services.signing.domain import threshold
from services.signing.domain.threshold import Basis, Counts
from shared.events.terms import Basis as BasisName
from shared.events.terms import CountingRule, Series
from shared.refusal import Refused
from shared.service.database import Transaction

_PROJECT = text("""
    select projects.*, reached_at, declared_at, document_number, closed_at,
           coalesce((select jsonb_object_agg(series.series, last_number) from series
                     where series.project_id = projects.project_id), '{}') as numbers,
           (select jsonb_object_agg(series, live) from (
                select series, count(*) as live from agreements
                where agreements.project_id = projects.project_id and counts_as_signed
                group by series)) as live
    from projects left join latches using (project_id) left join declarations using (project_id)
    left join closings using (project_id)
    where projects.project_id = :project_id
""")
_ALL = text("select project_id from projects order by name, project_id")


class BasisCount(BaseModel):
    basis: BasisName
    percent: int
    legal_ground: str
    signed: int
    total: int
    missing: int = Field(description="How many more it takes, rounded against us.")
    reached: bool


class ProjectCount(BaseModel):
    project_id: UUID
    name: str
    starts_at: datetime
    ends_at: datetime
    series: list[Series]
    automatic: bool
    roll_matched: bool = Field(
        description="false: the frozen roll has not come, or our units do not give its digest yet."
    )
    bases: list[BasisCount]
    counting_rule: CountingRule = Field(
        description="A right-holder counts as signed when all their units are, or as soon as any of them is."
    )
    numbers: dict[Series, int] = Field(description="The last number given in each series.")
    live: dict[Series, int] = Field(description="Signed, effective or performed agreements in each series.")
    reached_at: datetime | None
    declared_at: datetime | None
    document_number: str | None
    closed_at: datetime | None
    version: int


def read(tx: Transaction, project_id: UUID) -> ProjectCount:
    """Raises Refused: project-unknown."""
    row = tx.connection.execute(_PROJECT, {"project_id": project_id}).one_or_none()
    if row is None:
        raise Refused("project-unknown")
    matched = row.total_units is not None
    total = (
        Counts(row.total_units, row.total_households, row.total_right_holders, row.total_area) if matched else Counts()
    )
    signed = Counts(row.signed_units, row.signed_households, row.signed_right_holders, row.signed_area)
    readings = threshold.read(tuple(Basis(**basis) for basis in row.bases), signed, total)
    return ProjectCount(
        project_id=row.project_id,
        name=row.name,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        series=row.series,
        automatic=row.automatic,
        roll_matched=matched,
        bases=[
            BasisCount(
                basis=reading.basis.name,
                percent=reading.basis.percent,
                legal_ground=reading.basis.legal_ground,
                signed=reading.signed,
                total=reading.total,
                missing=reading.missing,
                reached=reading.reached,
            )
            for reading in readings
        ],
        counting_rule=row.counting_rule,
        numbers=row.numbers,
        live=row.live or {},
        reached_at=row.reached_at,
        declared_at=row.declared_at,
        document_number=row.document_number,
        closed_at=row.closed_at,
        version=row.version,
    )


def every(tx: Transaction) -> list[UUID]:
    return list(tx.connection.execute(_ALL).scalars())

"""An append-only log of acts on a case: who, what, why and when. It proves equal treatment years later."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from uuid_utils.compat import uuid7

from services.signing.domain.hand import Review
from shared.service.database import Transaction
from shared.telemetry import tracing

_ADD = text("""
    insert into acts (district, act_id, unit_id, agreement_id, kind, reason, facts, by, at, trace_id)
    values (:district, :act_id, :unit_id, :agreement_id, :kind, :reason, cast(:facts as jsonb), :by, :at, :trace_id)
""")
_REVIEWS = text("""
    select at, array(select jsonb_array_elements_text(facts -> 'papers')) as papers from acts
    where unit_id = :unit_id and agreement_id = :agreement_id and kind = 'reviewed' order by at
""")
_LAST_REVIEW = text("select max(at) from acts where unit_id = :unit_id and kind = 'reviewed'")


@dataclass(frozen=True)
class Act:
    kind: str
    unit_id: UUID
    by: str
    at: datetime
    agreement_id: UUID | None = None
    reason: str = ""
    facts: dict[str, object] = field(default_factory=dict)


def record(tx: Transaction, act: Act) -> None:
    row = {**vars(act), "facts": json.dumps(act.facts, ensure_ascii=False, default=str)}
    its = {"district": tx.district, "act_id": uuid7(), "trace_id": tracing.trace_id()}
    tx.connection.execute(_ADD, {**row, **its})


def reviews(tx: Transaction, unit_id: UUID, agreement_id: UUID) -> list[Review]:
    """The passed reviews of an agreement, with the originals that were seen."""
    rows = tx.connection.execute(_REVIEWS, {"unit_id": unit_id, "agreement_id": agreement_id})
    return [Review(row.at, frozenset(row.papers)) for row in rows]


def last_review(tx: Transaction, unit_id: UUID) -> datetime | None:
    """Of any agreement of the unit. A mandate is recorded after it."""
    at: datetime | None = tx.connection.execute(_LAST_REVIEW, {"unit_id": unit_id}).scalar_one()
    return at

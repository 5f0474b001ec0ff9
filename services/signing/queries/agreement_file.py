"""One agreement: its lines, what its lock froze, who has signed by whose hand, its number and what became of it."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import Row, text

from services.signing.domain import terms
from services.signing.domain.terms import Form, LineKind, TermLine
from services.signing.queries.fractions import written
from shared.events.terms import Series
from shared.refusal import Refused
from shared.service.database import Transaction

_AGREEMENT = text("""
    select agreements.*, successor.agreement_id as superseded_by, number, signed_at, detached_at,
           detachments.reason as detached_for, digest, locked_at, locked_by
    from agreements left join agreements successor on successor.supersedes = agreements.agreement_id
    left join numbers on numbers.agreement_id = agreements.agreement_id
    left join detachments on detachments.agreement_id = agreements.agreement_id
    left join locks on locks.agreement_id = agreements.agreement_id and locks.lock_count = agreements.lock_count
         and agreements.state not in ('drafted', 'reviewed', 'returned')
    where agreements.agreement_id = :agreement_id
""")
_LINES = text("select * from term_lines where agreement_id = :agreement_id order by position")
_HOLDERS = text("""
    select person_id, name, kind, capable, parts, whole, hand, capacity, signed_at, taken_by, desk
    from locked_holders holder
    left join signatures on signatures.agreement_id = holder.agreement_id and signatures.lock_count = holder.lock_count
         and right_holder = person_id
    where holder.agreement_id = :agreement_id and holder.lock_count = :lock_count order by position
""")


class LineRow(BaseModel):
    head: str
    kind: LineKind
    amount_fen: int
    quantity: Decimal | None
    unit_price_fen: int | None


class SignerRow(BaseModel):
    person_id: UUID
    name: str
    share: str | None
    kind: str
    capable: bool
    hand: UUID | None
    capacity: str | None
    signed_at: datetime | None
    taken_by: str | None = Field(
        description="The member of staff who took the signature; null before it, and where that was not kept."
    )
    desk: str | None = Field(description="The desk at which it was taken, where that is known.")


class AgreementFile(BaseModel):
    agreement_id: UUID
    unit_id: UUID
    project_id: UUID
    state: str
    form: Form
    series: Series
    rule_set_version: str
    lines: list[LineRow]
    total_once_fen: int
    terms_digest: str | None
    locked_at: datetime | None
    locked_by: str | None
    right_holders: list[SignerRow] = Field(
        description="As frozen by the lock, in the order of signing; empty before it."
    )
    sequence_number: int | None
    signed_at: datetime | None
    effective_at: datetime | None
    detached_at: datetime | None = Field(description="When the number was detached; it is never given again.")
    detached_for: str | None
    supersedes: UUID | None = Field(description="The locked and unsigned agreement in whose place it was drafted.")
    superseded_by: UUID | None
    version: int


def read(tx: Transaction, agreement_id: UUID) -> AgreementFile:
    """Raises Refused: agreement-unknown."""
    it = {"agreement_id": agreement_id}
    row = tx.connection.execute(_AGREEMENT, it).one_or_none()
    if row is None:
        raise Refused("agreement-unknown")
    lines = [
        TermLine(line.head, line.kind, line.amount_fen, line.quantity, line.unit_price_fen)
        for line in tx.connection.execute(_LINES, it)
    ]
    holders = tx.connection.execute(_HOLDERS, {**it, "lock_count": row.lock_count}) if row.digest else ()
    return AgreementFile(
        agreement_id=row.agreement_id,
        unit_id=row.unit_id,
        project_id=row.project_id,
        state=row.state,
        form=row.form,
        series=row.series,
        rule_set_version=row.rule_set_version,
        lines=[LineRow(**vars(line)) for line in lines],
        total_once_fen=terms.total_once_fen(lines),
        terms_digest=row.digest,
        locked_at=row.locked_at,
        locked_by=row.locked_by,
        right_holders=[_signer(holder) for holder in holders],
        sequence_number=row.number,
        signed_at=row.signed_at,
        effective_at=row.effective_at,
        detached_at=row.detached_at,
        detached_for=row.detached_for,
        supersedes=row.supersedes,
        superseded_by=row.superseded_by,
        version=row.version,
    )


def _signer(row: Row[Any]) -> SignerRow:
    return SignerRow(
        person_id=row.person_id,
        name=row.name,
        share=written(row.parts, row.whole),
        kind=row.kind,
        capable=row.capable,
        hand=row.hand,
        capacity=row.capacity,
        signed_at=row.signed_at,
        taken_by=row.taken_by,
        desk=row.desk,
    )

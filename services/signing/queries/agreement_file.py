"""One agreement: its lines, what its lock froze, who has signed by whose hand, its number and what became of it.

Invariant: an act on an agreement is answered with the same model, made from the same aggregate, as reading it.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel, Field

from services.signing.domain import terms
from services.signing.domain.agreement import Agreement, Signature
from services.signing.domain.review import Item
from services.signing.domain.rights import Holder
from services.signing.domain.terms import Form, LineKind
from services.signing.store import agreements
from shared.events.terms import Series
from shared.service.database import Transaction


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

    @classmethod
    def of(cls, agreement: Agreement) -> "AgreementFile":
        lock, turn, undone = agreement.lock, agreement.turn, agreement.detachment
        return cls(
            agreement_id=agreement.agreement_id,
            unit_id=agreement.unit_id,
            project_id=agreement.project_id,
            state=agreement.state,
            form=agreement.form,
            series=agreement.series,
            rule_set_version=agreement.rule_set_version,
            lines=[LineRow(**vars(line)) for line in agreement.lines],
            total_once_fen=terms.total_once_fen(agreement.lines),
            terms_digest=lock and lock.digest,
            locked_at=lock and lock.locked_at,
            locked_by=lock and lock.locked_by,
            right_holders=_signers(agreement),
            sequence_number=turn and turn.number,
            signed_at=turn and turn.signed_at,
            effective_at=agreement.effective_at,
            detached_at=undone and undone.at,
            detached_for=undone and undone.reason,
            supersedes=agreement.supersedes,
            superseded_by=agreement.superseded_by,
            version=agreement.version,
        )


class ReviewedFile(AgreementFile):
    """The answer to a review: the agreement, and what was looked at."""

    checklist: list[str] = Field(description="Codes of what was checked and holds.")


def read(tx: Transaction, agreement_id: UUID) -> AgreementFile:
    """Raises Refused: agreement-unknown."""
    return AgreementFile.of(agreements.read(tx, agreement_id))


def reviewed(agreement: Agreement, items: Iterable[Item]) -> ReviewedFile:
    return ReviewedFile(**dict(AgreementFile.of(agreement)), checklist=[item.code for item in items])


def _signers(agreement: Agreement) -> list[SignerRow]:
    if agreement.lock is None:
        return []
    signed = {signature.right_holder: signature for signature in agreement.signatures}
    return [_signer(holder, signed.get(holder.person_id)) for holder in agreement.lock.rights.holders]


def _signer(holder: Holder, signature: Signature | None) -> SignerRow:
    return SignerRow(
        person_id=holder.person_id,
        name=holder.name,
        share=None if holder.share is None else str(holder.share),
        kind=holder.kind,
        capable=holder.capable,
        hand=signature and signature.hand,
        capacity=signature and signature.capacity,
        signed_at=signature and signature.signed_at,
        taken_by=signature and signature.taken_by,
        desk=signature and signature.desk,
    )

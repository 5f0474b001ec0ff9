"""Bodies of responses to commands: the new state of a case, an agreement or a project."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from services.signing.domain.agreement import Agreement
from services.signing.domain.case import Case
from services.signing.domain.mandate import Capacity, Mandate, MandateKind
from services.signing.domain.project import Project
from services.signing.domain.review import Item
from services.signing.domain.terms import Form
from services.signing.domain.threshold import Reading
from shared.events.terms import Basis, CountingRule, Series


class HolderState(BaseModel):
    person_id: UUID
    name: str = Field(description="Masked at the source.")
    share: str | None = Field(description="Exact fraction; null where all own jointly.")
    kind: str
    capable: bool
    signed_at: datetime | None = None
    hand: UUID | None = None
    capacity: Capacity | None = None
    taken_by: str | None = Field(default=None, description="The member of staff who took the signature.")
    desk: str | None = Field(default=None, description="The desk at which it was taken, where that is known.")


class AgreementState(BaseModel):
    agreement_id: UUID
    unit_id: UUID
    project_id: UUID
    state: str
    form: Form
    series: Series
    rule_set_version: str
    sequence_number: int | None = Field(description="Null until all right-holders have signed.")
    signed_at: datetime | None
    effective_at: datetime | None
    locked_at: datetime | None
    terms_digest: str | None = Field(description="Of the frozen terms; null while they may still change.")
    right_holders: list[HolderState] = Field(description="As frozen by the lock; empty before it.")
    supersedes: UUID | None = Field(description="The locked and unsigned agreement in whose place it was drafted.")
    version: int

    @classmethod
    def of(cls, agreement: Agreement) -> "AgreementState":
        lock, turn = agreement.lock, agreement.turn
        return cls(
            agreement_id=agreement.agreement_id,
            unit_id=agreement.unit_id,
            project_id=agreement.project_id,
            state=agreement.state,
            form=agreement.form,
            series=agreement.series,
            rule_set_version=agreement.rule_set_version,
            sequence_number=turn and turn.number,
            signed_at=turn and turn.signed_at,
            effective_at=agreement.effective_at,
            locked_at=lock and lock.locked_at,
            terms_digest=lock and lock.digest,
            right_holders=_signing(agreement),
            supersedes=agreement.supersedes,
            version=agreement.version,
        )


class ReviewState(AgreementState):
    checklist: list[str] = Field(description="Codes of what was checked and holds.")

    @classmethod
    def reviewed(cls, agreement: Agreement, items: tuple[Item, ...]) -> "ReviewState":
        return cls(**AgreementState.of(agreement).model_dump(), checklist=[item.code for item in items])


class CaseState(BaseModel):
    unit_id: UUID
    project_id: UUID
    rights: str
    rights_revision: int
    area_disputed: bool
    version: int

    @classmethod
    def of(cls, case: Case) -> "CaseState":
        return cls(
            unit_id=case.unit.unit_id,
            project_id=case.unit.project_id,
            rights=case.rights_state,
            rights_revision=case.rights_revision,
            area_disputed=case.area_disputed,
            version=case.version,
        )


class MandateState(BaseModel):
    mandate_id: UUID
    right_holder: UUID
    hand: UUID
    kind: MandateKind
    valid_until: date
    evidence: str
    revoked_at: datetime | None

    @classmethod
    def of(cls, mandate: Mandate) -> "MandateState":
        return cls(**vars(mandate))


class BasisState(BaseModel):
    basis: Basis
    percent: int
    legal_ground: str
    signed: int
    total: int
    missing: int = Field(description="How many more it takes, rounded against us.")
    reached: bool

    @classmethod
    def of(cls, reading: Reading) -> "BasisState":
        return cls(
            basis=reading.basis.name,
            percent=reading.basis.percent,
            legal_ground=reading.basis.legal_ground,
            signed=reading.signed,
            total=reading.total,
            missing=reading.missing,
            reached=reading.reached,
        )


class ProjectState(BaseModel):
    project_id: UUID
    name: str
    starts_at: datetime
    ends_at: datetime
    series: list[Series]
    automatic: bool
    roll_matched: bool = Field(
        description="false: the frozen roll has not come, or our units do not give its digest yet."
    )
    bases: list[BasisState]
    counting_rule: CountingRule = Field(
        description="A right-holder counts as signed when all their units are, or as soon as any of them is."
    )
    reached_at: datetime | None = Field(description="When the threshold latched.")
    declared_at: datetime | None
    document_number: str | None
    closed_at: datetime | None
    version: int

    @classmethod
    def of(cls, project: Project) -> "ProjectState":
        once: dict[str, Any] = {
            "reached_at": project.latch and project.latch.reached_at,
            "declared_at": project.declaration and project.declaration.declared_at,
            "document_number": project.declaration and project.declaration.document_number,
            "closed_at": project.closing and project.closing.closed_at,
        }
        return cls(
            project_id=project.project_id,
            name=project.name,
            starts_at=project.starts_at,
            ends_at=project.ends_at,
            series=list(project.series),
            automatic=project.automatic,
            roll_matched=project.total is not None,
            bases=[BasisState.of(reading) for reading in project.readings()],
            counting_rule=project.counting_rule,
            version=project.version,
            **once,
        )


def _signing(agreement: Agreement) -> list[HolderState]:
    if agreement.lock is None:
        return []
    signed = {signature.right_holder: signature for signature in agreement.signatures}
    states = []
    for holder in agreement.lock.rights.holders:
        signature = signed.get(holder.person_id)
        states.append(
            HolderState(
                person_id=holder.person_id,
                name=holder.name,
                share=None if holder.share is None else str(holder.share),
                kind=holder.kind,
                capable=holder.capable,
                signed_at=signature and signature.signed_at,
                hand=signature and signature.hand,
                capacity=signature and signature.capacity,
                taken_by=signature and signature.taken_by,
                desk=signature and signature.desk,
            )
        )
    return states

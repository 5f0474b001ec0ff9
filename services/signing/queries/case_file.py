"""All data of one unit in signing, on one page (一户一档)."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import text

from services.signing.domain.mandate import MandateKind
from services.signing.domain.stage import Stage, stage
from services.signing.queries import agreement_file
from services.signing.queries.agreement_file import AgreementFile
from services.signing.queries.fractions import written
from shared.events.terms import Ownership
from shared.refusal import Refused
from shared.service.database import Transaction

_CASE = text("""
    select cases.*, projects.name as project_name, groups.name as group_name, groups.officers ->> cast(staff_id as text) as officer
    from cases left join projects using (district, project_id) left join assignments using (district, unit_id)
    left join groups using (district, group_id)
    where unit_id = :unit_id
""")
_HOLDERS = text("select * from case_holders where unit_id = :unit_id order by position")
_MANDATE = """
    select *, (select coalesce(bool_and(capable and kind = 'natural'), true) from case_holders where person_id = hand) as hand_capable
    from mandates
"""
_MANDATES = text(f"{_MANDATE} where unit_id = :unit_id order by recorded_at")
_ONE_MANDATE = text(f"{_MANDATE} where mandate_id = :mandate_id")
_TASKS = text("select code, raised_at from tasks where unit_id = :unit_id and done_at is null order by raised_at")
# A signature is an act too, but is stored with its agreement.
_ACTS = text("""
    select kind, agreement_id, reason, facts, by, at, trace_id from acts where unit_id = :unit_id
    union all
    select 'signature-taken', agreement_id, '', jsonb_build_object(
               'right_holder', right_holder, 'hand', hand, 'capacity', capacity, 'mandate_id', mandate_id, 'desk', desk, 'papers', papers),
           coalesce(taken_by, ''), signed_at, trace_id
    from signatures join agreements using (agreement_id) where unit_id = :unit_id
    order by at
""")
_AGREEMENTS = text("""
    select agreement_id from agreements where unit_id = :unit_id order by live desc, drafted_at desc
""")


class HolderRow(BaseModel):
    person_id: UUID
    name: str
    share: str | None
    kind: str
    capable: bool


class MandateRow(BaseModel):
    mandate_id: UUID
    right_holder: UUID
    hand: UUID
    kind: MandateKind
    valid_until: date
    evidence: str
    revoked_at: datetime | None
    recorded_at: datetime
    hand_capable: bool = Field(
        description="false: the register knows the hand, and as an incapable person or an organisation."
    )


class TaskRow(BaseModel):
    code: str
    raised_at: datetime


class ActRow(BaseModel):
    kind: str
    agreement_id: UUID | None
    reason: str
    facts: dict[str, Any] = Field(description="What belongs to the act: note, papers seen, evidence, successor …")
    by: str = Field(description="The member of staff; empty for a signature from before this was recorded.")
    at: datetime
    trace_id: str | None = Field(
        default=None, description="Id of the request in logs and traces; null for an act from before this was recorded."
    )


class CaseFile(BaseModel):
    district: str
    unit_id: UUID
    project_id: UUID
    project_name: str | None
    revision: int
    unit_code: str
    compound: str
    building: str
    stairwell: str
    floor: int
    door: str
    area_hundredths_m2: int
    ownership: Ownership
    rights: str
    rights_revision: int = Field(description="Revision of the registry's data in which the rights last changed.")
    area_disputed: bool
    stage: Stage
    group: str | None
    officer: str | None
    opened_at: datetime
    version: int
    right_holders: list[HolderRow]
    mandates: list[MandateRow]
    tasks: list[TaskRow]
    agreement: AgreementFile | None = Field(description="The live one, else the last one.")
    earlier_agreements: list[UUID]
    acts: list[ActRow]


def mandate(tx: Transaction, mandate_id: UUID) -> MandateRow:
    """One that is on record."""
    row = tx.connection.execute(_ONE_MANDATE, {"mandate_id": mandate_id}).one()
    return MandateRow.model_validate(row, from_attributes=True)


def read(tx: Transaction, unit_id: UUID) -> CaseFile:
    """Raises Refused: case-unknown."""
    it = {"unit_id": unit_id}
    found = tx.connection.execute(_CASE, it).mappings().one_or_none()
    if found is None:
        raise Refused("case-unknown")
    agreements = list(tx.connection.execute(_AGREEMENTS, it).scalars())
    agreement = agreement_file.read(tx, agreements[0]) if agreements else None
    place: dict[str, Any] = {name: found[name] for name in CaseFile.model_fields if name in found}
    return CaseFile(
        **place,
        area_hundredths_m2=found["area"],
        rights=found["rights_state"],
        stage=stage(agreement=agreement.state if agreement else None, rights=found["rights_state"]),
        group=found["group_name"],
        right_holders=[
            HolderRow(
                person_id=row.person_id,
                name=row.name,
                share=written(row.parts, row.whole),
                kind=row.kind,
                capable=row.capable,
            )
            for row in tx.connection.execute(_HOLDERS, it)
        ],
        mandates=[MandateRow.model_validate(row, from_attributes=True) for row in tx.connection.execute(_MANDATES, it)],
        tasks=[TaskRow.model_validate(row, from_attributes=True) for row in tx.connection.execute(_TASKS, it)],
        agreement=agreement,
        earlier_agreements=agreements[1:],
        acts=[ActRow.model_validate(row, from_attributes=True) for row in tx.connection.execute(_ACTS, it)],
    )

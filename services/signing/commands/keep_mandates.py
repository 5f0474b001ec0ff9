"""Records and revokes mandates: documents by which one person signs for another. They are never edited."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from uuid_utils.compat import uuid7

from services.signing.domain import hand
from services.signing.domain.mandate import Mandate, MandateKind, unfit
from services.signing.store import acts, cases, instants
from services.signing.store.acts import Act
from shared.refusal import Refused
from shared.service.clock import Clock
from shared.service.database import Transaction


@dataclass(frozen=True)
class RecordMandate:
    unit_id: UUID
    right_holder: UUID
    hand: UUID
    kind: MandateKind
    valid_until: date
    evidence: str
    by: str


@dataclass(frozen=True)
class RevokeMandate:
    unit_id: UUID
    mandate_id: UUID
    reason: str
    by: str
    note: str = ""


def record_mandate(tx: Transaction, command: RecordMandate, clock: Clock) -> Mandate:
    """Raises Refused: case-unknown, not-a-right-holder, guardian-required, representative-required, hand-not-entitled,
    hand-not-another, hand-not-capable, clock-jumped.
    """
    case = cases.lock(tx, command.unit_id)
    holder = next(
        (right_holder for right_holder in case.rights.holders if right_holder.person_id == command.right_holder), None
    )
    if holder is None:
        raise Refused("not-a-right-holder", right_holder=command.right_holder)
    if code := unfit(holder, command.kind):
        raise Refused(code, right_holder=command.right_holder, capacity=command.kind)
    if command.hand == command.right_holder:
        raise Refused("hand-not-another", right_holder=command.right_holder, hand=command.hand, capacity=command.kind)
    hand.expect_capable(command.hand, capable=cases.capable(tx, command.hand))
    at = instants.next_one(tx, clock, acts.last_review(tx, command.unit_id))
    paper = (command.right_holder, command.hand, command.kind, command.valid_until, command.evidence)
    mandate = Mandate(uuid7(), *paper, recorded_at=at)
    cases.add_mandate(tx, case, mandate, at=at, by=command.by)
    return mandate


def revoke_mandate(tx: Transaction, command: RevokeMandate, clock: Clock) -> None:
    """Signatures based on it stay valid. Raises Refused: case-unknown, mandate-unknown, clock-jumped."""
    case = cases.lock(tx, command.unit_id)
    at = instants.next_one(tx, clock)
    cases.revoke_mandate(tx, case, command.mandate_id, at=at)
    facts: dict[str, object] = {"mandate_id": command.mandate_id, "note": command.note}
    acts.record(tx, Act("mandate-revoked", command.unit_id, command.by, at, reason=command.reason, facts=facts))

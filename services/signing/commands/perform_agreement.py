"""Records that both sides have performed an agreement in force, with references to the evidence."""

from dataclasses import dataclass
from uuid import UUID

from services.signing.commands.settle_agreements import settle_first
from services.signing.domain.agreement import Agreement
from services.signing.store import acts, agreements, cases, instants
from services.signing.store.acts import Act
from shared.service.clock import Clock
from shared.service.database import Transaction


@dataclass(frozen=True)
class PerformAgreement:
    """`evidence` names hand-over record and payment; `version`: the version on screen, if given."""

    agreement_id: UUID
    evidence: str
    by: str
    version: int | None = None


def perform_agreement(tx: Transaction, command: PerformAgreement, clock: Clock) -> Agreement:
    """Idempotent. Raises Refused: agreement-unknown, version-superseded, agreement-not-effective."""
    case = cases.lock_of(tx, command.agreement_id)
    agreements.load(tx, command.agreement_id).expect_version(command.version)
    # A pending declaration is applied first: it makes the agreement effective, in a version that the user has not read.
    settled = settle_first(tx, [case.unit.unit_id])
    agreement = agreements.load(tx, command.agreement_id)
    at = instants.next_one(tx, clock, agreement.last_at)
    agreement.perform(at=at)
    if agreement.recorded:
        agreements.save(tx, agreement)
        facts: dict[str, object] = {"evidence": command.evidence}
        acts.record(tx, Act("performed", case.unit.unit_id, command.by, at, agreement.agreement_id, facts=facts))
    tx.record(*settled, *agreement.recorded)
    return agreement

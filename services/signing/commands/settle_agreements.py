"""Carries a project's decision to its cases, a batch at a time: effect after a declaration, void after a period without the threshold.

Stays true: what has been settled is seen from the agreements themselves, so a crash between two batches loses and repeats nothing, and a
command that came by first has left nothing to do.
"""

from dataclasses import dataclass
from uuid import UUID

from services.signing.domain import effect
from services.signing.store import agreements, cases, numbers, projects, roll
from shared.messaging import journal
from shared.service.database import Transaction

LAPSED = "period-ended-without-threshold"


@dataclass(frozen=True)
class SettleAgreements:
    project_id: UUID
    batch: int = 200


def settle_agreements(tx: Transaction, command: SettleAgreements) -> int:
    """How many it has settled; 0 when all are."""
    waiting = agreements.signed_of(tx, command.project_id, limit=command.batch)
    if not waiting:
        return 0
    cases.lock_units(tx, [unit_id for unit_id, _ in waiting])
    loaded = agreements.load_many(tx, [agreement_id for _, agreement_id in waiting])
    project = projects.lock(tx, command.project_id)
    settled = [agreement for agreement in loaded if effect.settle(agreement, project)]
    for agreement in settled:
        agreements.save(tx, agreement)
        if agreement.state == "void" and project.closing:
            at = project.closing.closed_at
            numbers.detach(tx, agreement.agreement_id, reason=LAPSED, by="signing", at=at)
            change = roll.count(tx, project_id=project.project_id, unit_id=agreement.unit_id, signed=False)
            project.count(change, at=at)
    projects.save(tx, project)
    journal.write(tx, [event for agreement in settled for event in agreement.recorded])
    return len(settled)

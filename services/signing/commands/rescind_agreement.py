"""Rescinds a signed agreement. It counts -1 on the day it happens. The number stays, detached, with the reason."""

from dataclasses import dataclass
from uuid import UUID

from services.signing.commands.counting import count_undone
from services.signing.domain import effect
from services.signing.domain.agreement import Agreement
from services.signing.store import acts, agreements, cases, instants, numbers, project_feed, projects
from services.signing.store.acts import Act
from shared.service.clock import Clock
from shared.service.database import Transaction


@dataclass(frozen=True)
class RescindAgreement:
    agreement_id: UUID
    reason: str
    note: str
    by: str
    version: int | None = None


def rescind_agreement(tx: Transaction, command: RescindAgreement, clock: Clock) -> Agreement:
    """Never undoes the latch. Raises Refused: agreement-unknown, version-superseded, agreement-not-signed."""
    case = cases.lock_of(tx, command.agreement_id)
    agreement = agreements.load(tx, command.agreement_id)
    agreement.expect_version(command.version)
    project = projects.lock(tx, agreement.project_id)
    # The project's decision is applied first, so that no rescission overtakes an earlier declaration of effect.
    if effect.settle(agreement, project):
        project_feed.add_effective(tx, [agreement])
    at = instants.next_one(tx, clock, agreement.last_at)
    agreement.rescind(reason=command.reason, at=at)
    numbers.detach(tx, agreement.agreement_id, reason=command.reason, by=command.by, at=at)
    count_undone(tx, project, [agreement], at=at)
    agreements.save(tx, agreement)
    facts: dict[str, object] = {"note": command.note}
    act = Act("rescinded", case.unit.unit_id, command.by, at, agreement.agreement_id, command.reason, facts)
    acts.record(tx, act)
    tx.record(*agreement.recorded, *project.recorded)
    return agreement

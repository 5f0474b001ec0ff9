"""The review between draft and lock; and the return to the household when something is missing."""

from dataclasses import dataclass
from uuid import UUID

from services.signing.domain import review
from services.signing.domain.agreement import Agreement
from services.signing.domain.review import Item
from services.signing.store import acts, agreements, cases, instants
from services.signing.store.acts import Act
from shared.refusal import Refused
from shared.service.clock import Clock
from shared.service.database import Transaction


@dataclass(frozen=True)
class ReviewAgreement:
    """`papers` are the codes of the originals that the reviewer has seen, `version`: the version on screen, if given."""

    agreement_id: UUID
    papers: frozenset[str]
    by: str
    version: int | None = None


@dataclass(frozen=True)
class ReturnAgreement:
    agreement_id: UUID
    reason: str
    note: str
    by: str
    version: int | None = None


@dataclass(frozen=True)
class Reviewed:
    agreement: Agreement
    items: tuple[Item, ...]


def review_agreement(tx: Transaction, command: ReviewAgreement, clock: Clock) -> Reviewed:
    """Raises Refused: agreement-unknown, version-superseded, agreement-not-open, review-incomplete with the codes that failed."""
    case = cases.lock_of(tx, command.agreement_id)
    agreement = agreements.load(tx, command.agreement_id)
    agreement.expect_version(command.version)
    items = review.checklist(
        case.rights,
        rights_state=case.rights_state,
        area_disputed=case.area_disputed,
        lines=agreement.lines,
        mandates=cases.mandates(tx, case.unit.unit_id),
        papers=command.papers,
    )
    if failed := {item.code: item.facts for item in items if not item.passed}:
        raise Refused("review-incomplete", failed=failed)
    at = instants.next_one(tx, clock, agreement.last_at)
    agreement.pass_review(at=at)
    agreements.save(tx, agreement)
    facts: dict[str, object] = {"items": [item.code for item in items], "papers": sorted(command.papers)}
    acts.record(tx, Act("reviewed", case.unit.unit_id, command.by, at, agreement.agreement_id, facts=facts))
    tx.record(*agreement.recorded)
    return Reviewed(agreement, items)


def return_agreement(tx: Transaction, command: ReturnAgreement, clock: Clock) -> Agreement:
    """Raises Refused: agreement-unknown, version-superseded, agreement-not-open."""
    case = cases.lock_of(tx, command.agreement_id)
    agreement = agreements.load(tx, command.agreement_id)
    agreement.expect_version(command.version)
    at = instants.next_one(tx, clock, agreement.last_at)
    agreement.give_back(reason=command.reason, at=at)
    agreements.save(tx, agreement)
    facts: dict[str, object] = {"note": command.note}
    what = Act("returned", case.unit.unit_id, command.by, at, agreement.agreement_id, command.reason, facts)
    acts.record(tx, what)
    tx.record(*agreement.recorded)
    return agreement

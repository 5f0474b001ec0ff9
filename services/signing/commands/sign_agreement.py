"""Adds the signature for one right-holder. The last one takes the number, changes the count and may set the latch."""

from dataclasses import dataclass
from uuid import UUID

from services.signing.domain import effect, hand
from services.signing.domain.agreement import Agreement, Taking
from services.signing.domain.hand import Review
from services.signing.domain.mandate import Capacity, Mandate
from services.signing.store import acts, agreements, cases, counted, instants, numbers, projects, roll
from shared.service.clock import Clock
from shared.service.database import Transaction


@dataclass(frozen=True)
class SignAgreement:
    """`terms_digest` is that of the paper at hand, where the desk names it; `papers` are originals that it sees with the signature."""

    agreement_id: UUID
    right_holder: UUID
    hand: UUID
    capacity: Capacity
    by: str
    terms_digest: str | None = None
    desk: str | None = None
    papers: frozenset[str] = frozenset()


def sign_agreement(tx: Transaction, command: SignAgreement, clock: Clock) -> Agreement:
    """Idempotent: a second call takes no second number.

    Raises Refused: agreement-unknown, rights-not-confirmed, rights-disputed, period-not-open, period-over,
    terms-changed-since-read, clock-jumped, hand-not-capable, papers-missing, and those of Agreement.sign.
    """
    case = cases.lock_of(tx, command.agreement_id)
    agreement = agreements.load(tx, command.agreement_id)
    if command.terms_digest:
        agreement.expect_terms(command.terms_digest)
    if agreement.has_signed(command.right_holder):
        return agreement
    case.expect_confirmed()
    project = projects.lock(tx, agreement.project_id)
    # Only the last signature queues at the series; its instant is read there, so numbers and instants rise together.
    completes = agreement.completed_by(command.right_holder)
    place, after = (agreement.project_id, agreement.series), agreement.last_at
    turn = numbers.turn(tx, *place, clock, after=after) if completes else None
    at = turn.signed_at if turn else instants.next_one(tx, clock, after)
    project.expect_open(at)
    mandates, reviews = _on_record(tx, agreement, command)
    agreement.sign(
        command.right_holder,
        hand=command.hand,
        capacity=command.capacity,
        mandates=mandates,
        rights_revision=case.rights_revision,
        area=case.unit.area,
        at=at,
        turn=turn,
        taking=Taking(command.by, command.desk, command.papers),
    )
    for mandate in (item for item in mandates if item.mandate_id == agreement.signatures[-1].mandate_id):
        hand.expect_capable(command.hand, capable=cases.capable(tx, command.hand))
        hand.expect_seen(mandate, reviews, command.papers)
    if turn:
        numbers.take(tx, agreement, turn)
        change = roll.count(tx, project_id=project.project_id, unit_id=agreement.unit_id, signed=True)
        project.count(change, at=at)
        projects.save(tx, project)
        counted.add(tx, agreement, "signed", change, at=at)
        effect.settle(agreement, project)
        counted.add_effective(tx, [agreement])
    agreements.save(tx, agreement)
    # In causal order: the signing, its consequences in the project, then the effect.
    signed, effective = agreement.recorded[:1], agreement.recorded[1:]
    tx.record(*signed, *project.recorded, *effective)
    return agreement


def _on_record(
    tx: Transaction, agreement: Agreement, command: SignAgreement
) -> tuple[tuple[Mandate, ...], list[Review]]:
    """The mandates and reviews for a person who signs for another; empty for one who signs for themselves."""
    if command.capacity == "self":
        return (), []
    reviews = acts.reviews(tx, agreement.unit_id, agreement.agreement_id)
    return hand.seen_first(cases.mandates(tx, agreement.unit_id), reviews, command.papers), reviews

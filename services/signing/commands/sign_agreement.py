"""Adds the signature for one right-holder. The last one takes the number, changes the count and may set the latch."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.signing.domain import effect, hand
from services.signing.domain.agreement import Agreement, Taking, Turn
from services.signing.domain.case import Case
from services.signing.domain.hand import Review
from services.signing.domain.mandate import Capacity, Mandate
from services.signing.store import acts, agreements, cases, instants, pipeline, places, projects
from services.signing.store.places import Place
from shared.events.contract import Event
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


@dataclass(frozen=True)
class _OnRecord:
    """What is known of the hand; of one who signs for themselves only whether they are capable."""

    capable: bool
    mandates: tuple[Mandate, ...] = ()
    reviews: tuple[Review, ...] = ()


def sign_agreement(tx: Transaction, command: SignAgreement, clock: Clock) -> Agreement:
    """Idempotent: a second call takes no second number. Only the signature that completes the agreement takes the locks of the project
    and the series, last of all. After a signature, nothing more can be read in the transaction.

    Raises Refused: agreement-unknown, rights-not-confirmed, rights-disputed, period-not-open, period-over,
    terms-changed-since-read, clock-jumped, hand-not-capable, papers-missing, and those of Agreement.sign.
    """
    case, capable, agreement = places.opened(tx, command.agreement_id, hand=command.hand)
    if command.terms_digest:
        agreement.expect_terms(command.terms_digest)
    if agreement.has_signed(command.right_holder):
        return agreement
    case.expect_confirmed()
    known = _on_record(tx, agreement, command, capable=capable)
    if agreement.completed_by(command.right_holder):
        place = places.take(tx, agreement, clock)
        place.project.expect_open(place.turn.signed_at)
        _sign(command, case, agreement, known, at=place.turn.signed_at, turn=place.turn)
    else:
        place, (project, database_at) = None, projects.share(tx, agreement.project_id)
        at = instants.next_one(tx, clock, agreement.last_at, database_at=database_at)
        project.expect_open(at)
        _sign(command, case, agreement, known, at=at)
    pipeline.write_without_waiting(tx)
    if place:
        tx.record(*_completed(tx, agreement, place))
    else:
        agreements.save_signed(tx, agreement)
        tx.record(*agreement.recorded)
    return agreement


def _completed(tx: Transaction, agreement: Agreement, place: Place) -> list[Event]:
    """Counts it, may set the latch, and writes all of it. The events in causal order: the signing, its consequences in the project,
    the effect.
    """
    place.project.count(place.change, at=place.turn.signed_at)
    effect.settle(agreement, place.project)
    places.fill(tx, place, agreement)
    signed, *effective = agreement.recorded
    return [signed, *place.project.recorded, *effective]


def _sign(  # noqa: PLR0913 - what is signed, what is known, and when
    command: SignAgreement,
    case: Case,
    agreement: Agreement,
    known: _OnRecord,
    *,
    at: datetime,
    turn: Turn | None = None,
) -> None:
    agreement.sign(
        command.right_holder,
        hand=command.hand,
        capacity=command.capacity,
        mandates=known.mandates,
        rights_revision=case.rights_revision,
        area=case.unit.area,
        at=at,
        turn=turn,
        taking=Taking(command.by, command.desk, command.papers),
    )
    hand.expect_capable(command.hand, capable=known.capable)
    for mandate in (item for item in known.mandates if item.mandate_id == agreement.signatures[-1].mandate_id):
        hand.expect_seen(mandate, known.reviews, command.papers)


def _on_record(tx: Transaction, agreement: Agreement, command: SignAgreement, *, capable: bool) -> _OnRecord:
    """Read before the locks of the project and the series."""
    if command.capacity == "self":
        return _OnRecord(capable)
    reviews = acts.reviews(tx, agreement.unit_id, agreement.agreement_id)
    mandates = hand.seen_first(cases.mandates(tx, agreement.unit_id), reviews, command.papers)
    return _OnRecord(capable, mandates, tuple(reviews))

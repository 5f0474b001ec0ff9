"""Conditions of a signature beside the mandate: a capable hand, and for another person a document that the desk has seen.

Invariant: both are checked when the signature is given. Also who signs for themselves is capable on every unit of the district: a
register that says both is corrected first. The document must have been seen in a review of this agreement, made after the
mandate was recorded, or be named with the signature. So a mandate recorded after the lock needs its document at the signature.
Held by tests/unit/signing/test_hand.py and tests/integration/signing/test_hands.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.signing.domain.mandate import Mandate, MandateKind
from shared.refusal import Refused

PAPER_OF: dict[MandateKind, str] = {
    "agent": "power_of_attorney",
    "guardian": "guardianship",
    "representative": "seal_authority",
}


@dataclass(frozen=True)
class Review:
    """A review of one agreement that was passed: when, and the originals that were seen."""

    at: datetime
    papers: frozenset[str]


def expect_capable(hand: UUID, *, capable: bool) -> None:
    """`capable`: not registered in the district, or always registered as a capable natural person. Raises Refused: hand-not-capable."""
    if not capable:
        raise Refused("hand-not-capable", hand=hand)


def expect_seen(mandate: Mandate, reviews: Sequence[Review], papers: frozenset[str]) -> None:
    """`papers`: the documents that the desk names with the signature. Raises Refused: papers-missing."""
    if missing := unseen(mandate, reviews, papers):
        raise Refused("papers-missing", missing=[missing])


def seen_first(mandates: Sequence[Mandate], reviews: Sequence[Review], papers: frozenset[str]) -> tuple[Mandate, ...]:
    """Sorts mandates whose document was seen before the others."""
    return tuple(sorted(mandates, key=lambda mandate: unseen(mandate, reviews, papers) is not None))


def unseen(mandate: Mandate, reviews: Sequence[Review], papers: frozenset[str] = frozenset()) -> str | None:
    """The document of this mandate if it was not seen yet, else None."""
    paper = PAPER_OF[mandate.kind]
    known = mandate.recorded_at
    seen = known is not None and any(paper in review.papers and review.at >= known for review in reviews)
    return None if seen or paper in papers else paper

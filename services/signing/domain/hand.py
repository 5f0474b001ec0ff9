"""What it takes to sign for somebody else, beyond the mandate: a capable person, and a paper that the desk has seen.

Stays true: both are judged when the signature is given. A paper was seen in a review of this agreement that was made with the mandate on
record, or is named with the signature; so a mandate that is recorded after the lock brings its paper with it.
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
    """`capable`: not registered anywhere in the district, or everywhere as a capable natural person. Raises Refused: hand-not-capable."""
    if not capable:
        raise Refused("hand-not-capable", hand=hand)


def expect_seen(mandate: Mandate, reviews: Sequence[Review], papers: frozenset[str]) -> None:
    """`papers`: those that the desk names with the signature. Raises Refused: papers-missing."""
    if missing := unseen(mandate, reviews, papers):
        raise Refused("papers-missing", missing=[missing])


def seen_first(mandates: Sequence[Mandate], reviews: Sequence[Review], papers: frozenset[str]) -> tuple[Mandate, ...]:
    """Of several good papers the one counts that somebody has seen."""
    return tuple(sorted(mandates, key=lambda mandate: unseen(mandate, reviews, papers) is not None))


def unseen(mandate: Mandate, reviews: Sequence[Review], papers: frozenset[str] = frozenset()) -> str | None:
    """The paper of this mandate that nobody has seen; None when it was."""
    paper = PAPER_OF[mandate.kind]
    known = mandate.recorded_at
    seen = known is not None and any(paper in review.papers and review.at >= known for review in reviews)
    return None if seen or paper in papers else paper

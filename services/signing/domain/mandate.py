"""Who may sign for a right-holder: the hand.

Invariant: a capable person signs themselves or through an agent (Civil Code art. 161-165), an incapable one through a guardian only
(art. 19-23, 34), an organisation through its representative with seal (art. 61). Whoever signs for somebody is another person.
A paper is good up to and including its last day in Shanghai.
Left to others: whether the other person is capable, and whether the desk has seen the paper (hand.py).
Held by tests/unit/signing/test_mandate.py and tests/unit/signing/test_agreement.py.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from services.signing.domain.rights import Holder

Capacity = Literal["self", "agent", "guardian", "representative"]
MandateKind = Literal["agent", "guardian", "representative"]


@dataclass(frozen=True)
class Mandate:
    """A document that entitles a hand to sign for one right-holder of one unit."""

    mandate_id: UUID
    right_holder: UUID
    hand: UUID
    kind: MandateKind
    valid_until: date
    evidence: str
    revoked_at: datetime | None = None
    recorded_at: datetime | None = None

    def good_on(self, day: date) -> bool:
        return self.revoked_at is None and day <= self.valid_until


@dataclass(frozen=True)
class Entitled:
    """The hand may sign. `mandate_id`: the mandate it is based on; None for the right-holder's own hand."""

    mandate_id: UUID | None


@dataclass(frozen=True)
class NotEntitled:
    """The hand may not sign; `code` is the reason. `valid_until` is set for an expired mandate."""

    code: str
    valid_until: date | None = None


def entitlement(
    holder: Holder, *, hand: UUID, capacity: Capacity, mandates: tuple[Mandate, ...], on: date
) -> Entitled | NotEntitled:
    if code := unfit(holder, capacity):
        return NotEntitled(code)
    if capacity == "self":
        return Entitled(None) if hand == holder.person_id else NotEntitled("hand-not-entitled")
    if hand == holder.person_id:
        return NotEntitled("hand-not-another")
    papers = [
        paper
        for paper in mandates
        if (paper.right_holder, paper.hand, paper.kind) == (holder.person_id, hand, capacity)
    ]
    good = [paper for paper in papers if paper.good_on(on)]
    if good:
        return Entitled(good[0].mandate_id)
    lapsed = [paper.valid_until for paper in papers if paper.revoked_at is None]
    return NotEntitled("mandate-expired", max(lapsed)) if lapsed else NotEntitled("hand-not-entitled")


def unfit(holder: Holder, capacity: Capacity) -> str | None:
    if holder.kind == "organisation":
        return None if capacity in ("representative", "agent") else "representative-required"
    if not holder.capable:
        return None if capacity == "guardian" else "guardian-required"
    return None if capacity in ("self", "agent") else "hand-not-entitled"

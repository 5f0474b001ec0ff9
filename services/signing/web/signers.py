"""The right-holders of a case as the desk's page shows them: who has signed and by whose hand, or who may sign today.

Left to others: whether a hand may sign (domain/mandate.py, asked again when it does), the words (texts.toml).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from typing import Literal, cast
from uuid import UUID

from services.signing.domain.hand import Review, unseen
from services.signing.domain.mandate import Capacity, Mandate, NotEntitled, entitlement
from services.signing.domain.rights import Holder, Rights
from services.signing.queries.agreement_file import SignerRow
from services.signing.queries.case_file import CaseFile, HolderRow


@dataclass(frozen=True)
class Hand:
    """A person who could sign for a right-holder, and the reason if not today. `paper`: an original that was not seen yet."""

    person_id: UUID
    capacity: Capacity
    valid_until: date | None
    evidence: str
    refusal: str | None
    paper: str | None = None


@dataclass(frozen=True)
class Signer:
    """One right-holder: who has signed for them and when, taken by whom at which desk; else who may.

    `wanted`: the kind of hand that is needed if none is on record.
    """

    person_id: UUID
    name: str
    share: str | None
    signed_at: datetime | None
    capacity: str | None
    taken_by: str | None
    desk: str | None
    evidence: str
    hands: tuple[Hand, ...]
    wanted: Capacity

    @property
    def able(self) -> bool:
        return any(hand.refusal is None for hand in self.hands)


def of(case: CaseFile, mandates: Sequence[Mandate], *, today: date) -> tuple[Signer, ...]:
    """The locked right-holders; before the lock, those of the registry."""
    frozen = case.agreement.right_holders if case.agreement else []
    rows: Sequence[HolderRow | SignerRow] = frozen or case.right_holders
    record = _Record(
        tuple(mandates),
        _reviews(case),
        frozenset(mandate.hand for mandate in case.mandates if not mandate.hand_capable),
    )
    return tuple(_signer(row, record, today) for row in rows)


@dataclass(frozen=True)
class _Record:
    """What the case knows of hands: their mandates, the reviews that have seen papers, and who may not sign for others."""

    mandates: tuple[Mandate, ...]
    reviews: tuple[Review, ...]
    incapable: frozenset[UUID]

    def of(self, right_holder: UUID) -> "_Record":
        ours = tuple(mandate for mandate in self.mandates if mandate.right_holder == right_holder)
        return replace(self, mandates=ours)


def _reviews(case: CaseFile) -> tuple[Review, ...]:
    ours = case.agreement.agreement_id if case.agreement else None
    passed = (act for act in case.acts if act.kind == "reviewed" and act.agreement_id == ours)
    return tuple(Review(act.at, frozenset(act.facts["papers"])) for act in passed)


def holder(row: HolderRow | SignerRow) -> Holder:
    kind: Literal["organisation", "natural"] = "organisation" if row.kind == "organisation" else "natural"
    return Holder(row.person_id, row.name, Fraction(row.share) if row.share else None, kind, row.capable)


def rights(case: CaseFile) -> Rights:
    return Rights(case.ownership, tuple(holder(row) for row in case.right_holders))


def signed_share(signers: Sequence[Signer]) -> str | None:
    """None when there are no separate shares."""
    if not any(signer.share for signer in signers):
        return None
    return str(sum((Fraction(signer.share) for signer in signers if signer.share and signer.signed_at), Fraction(0)))


def _signer(row: HolderRow | SignerRow, record: _Record, today: date) -> Signer:
    signed, record = row if isinstance(row, SignerRow) and row.signed_at else None, record.of(row.person_id)
    by = next(
        (
            mandate
            for mandate in record.mandates
            if signed and (mandate.hand, mandate.kind) == (signed.hand, signed.capacity)
        ),
        None,
    )
    own = holder(row)
    return Signer(
        row.person_id,
        row.name,
        row.share,
        signed.signed_at if signed else None,
        signed.capacity if signed else None,
        signed.taken_by if signed else None,
        signed.desk if signed else None,
        by.evidence if by else "",
        tuple(_hands(own, record, today)),
        _wanted(own),
    )


def _wanted(own: Holder) -> Capacity:
    if own.kind == "organisation":
        return "representative"
    return "self" if own.capable else "guardian"


def _hands(own: Holder, record: _Record, today: date) -> Iterator[Hand]:
    """The own hand first, then each mandate that was not revoked; of several for one hand, the one valid longest."""
    if _wanted(own) == "self":
        yield Hand(own.person_id, "self", None, "", None)
    longest = {
        (paper.hand, paper.kind): paper for paper in sorted(record.mandates, key=_until) if paper.revoked_at is None
    }
    for paper in longest.values():
        capacity = cast("Capacity", paper.kind)
        may = entitlement(own, hand=paper.hand, capacity=capacity, mandates=record.mandates, on=today)
        incapable = "hand-not-capable" if paper.hand in record.incapable else None
        refusal = may.code if isinstance(may, NotEntitled) else incapable
        yield Hand(paper.hand, capacity, paper.valid_until, paper.evidence, refusal, unseen(paper, record.reviews))


def _until(mandate: Mandate) -> date:
    return mandate.valid_until

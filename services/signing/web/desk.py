"""What the desk's page shows of a case: which of the four steps it is at, and what is to be done there.

    1 check → 2 lock → 3 sign → 4 number

Left to others: every decision (the API), what may be done (acts.py), the words (texts.toml).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Literal
from uuid import UUID

from services.signing.domain import review
from services.signing.domain.mandate import Capacity, Mandate, NotEntitled, entitlement
from services.signing.domain.review import Item
from services.signing.domain.rights import Holder, Rights
from services.signing.domain.terms import TermLine
from services.signing.queries.agreement_file import SignerRow
from services.signing.queries.case_file import CaseFile, HolderRow

View = Literal["none", "disputed", "check", "locked", "sign", "number", "ended"]
_STEPS: dict[View, int] = {"none": 0, "disputed": 0, "check": 0, "locked": 1, "sign": 2, "number": 4, "ended": 4}
_BY_STATE: dict[str, View] = {
    "returned": "none",
    "rescinded": "ended",
    "void": "ended",
    "superseded": "ended",
    "signed": "number",
    "effective": "number",
    "performed": "number",
}


@dataclass(frozen=True)
class Hand:
    """Somebody on record who might sign for a right-holder, and why not today, if so."""

    person_id: UUID
    capacity: Capacity
    valid_until: date | None
    evidence: str
    refusal: str | None


@dataclass(frozen=True)
class Signer:
    """One right-holder: who has signed for them and when, else who may. `wanted` is the capacity that is missing."""

    person_id: UUID
    name: str
    share: str | None
    signed_at: datetime | None
    capacity: str | None
    evidence: str
    hands: tuple[Hand, ...]
    wanted: Capacity

    @property
    def able(self) -> bool:
        return any(hand.refusal is None for hand in self.hands)


@dataclass(frozen=True)
class Desk:
    view: View
    step: int
    seen: str
    items: tuple[Item, ...]
    papers: tuple[str, ...]
    signers: tuple[Signer, ...]
    current: Signer | None
    signed_share: str | None
    done_at: tuple[datetime | None, ...]

    @property
    def signed(self) -> int:
        return sum(each.signed_at is not None for each in self.signers)


def of(case: CaseFile, *, today: date, signing: bool, holder: str = "") -> Desk:
    """`signing`: the paper has been held against the page, and a hand may sign. `holder`: whose turn the desk has chosen."""
    view = _view(case, signing=signing)
    rights, mandates = _rights(case), _mandates(case)
    signers = _signers(case, mandates, today)
    waiting = [each for each in signers if each.signed_at is None]
    chosen = next((each for each in waiting if str(each.person_id) == holder), None)
    return Desk(
        view=view,
        step=_STEPS[view],
        seen=_seen(case),
        items=_items(case, rights, mandates) if case.agreement else (),
        papers=review.mandatory_papers(rights, mandates),
        signers=signers,
        current=chosen or next(iter(waiting), None),
        signed_share=_signed_share(signers),
        done_at=_done_at(case),
    )


def _view(case: CaseFile, *, signing: bool) -> View:
    agreement = case.agreement
    if agreement is None:
        return "none"
    if agreement.state in _BY_STATE:
        return _BY_STATE[agreement.state]
    if case.rights == "disputed":
        return "disputed"
    if agreement.state in ("drafted", "reviewed"):
        return "check"
    begun = signing or any(each.signed_at for each in agreement.right_holders)
    return "sign" if begun else "locked"


def _seen(case: CaseFile) -> str:
    """Of all that the page shows: another one means that what is on a screen is no longer so."""
    return hashlib.sha256(case.model_dump_json().encode()).hexdigest()[:16]


def _items(case: CaseFile, rights: Rights, mandates: tuple[Mandate, ...]) -> tuple[Item, ...]:
    agreement = case.agreement
    lines = tuple(TermLine(**line.model_dump()) for line in agreement.lines) if agreement else ()
    # The papers are for the reviewer to tick, so nothing is held against them here.
    papers = frozenset(review.mandatory_papers(rights, mandates))
    return review.checklist(
        rights,
        rights_state=case.rights,
        area_disputed=case.area_disputed,
        lines=lines,
        mandates=mandates,
        papers=papers if agreement and agreement.state == "reviewed" else frozenset(),
    )


def _rights(case: CaseFile) -> Rights:
    return Rights(case.ownership, tuple(_holder(each) for each in case.right_holders))


def _holder(row: HolderRow | SignerRow) -> Holder:
    kind: Literal["organisation", "natural"] = "organisation" if row.kind == "organisation" else "natural"
    return Holder(row.person_id, row.name, Fraction(row.share) if row.share else None, kind, row.capable)


def _mandates(case: CaseFile) -> tuple[Mandate, ...]:
    return tuple(
        Mandate(
            each.mandate_id,
            each.right_holder,
            each.hand,
            each.kind,
            each.valid_until,
            each.evidence,
            each.revoked_at,
        )
        for each in case.mandates
    )


def _signers(case: CaseFile, mandates: tuple[Mandate, ...], today: date) -> tuple[Signer, ...]:
    """As frozen by the lock; before it, as the registry says now."""
    frozen: Sequence[SignerRow] = case.agreement.right_holders if case.agreement else ()
    signed = {each.person_id: each for each in frozen if each.signed_at}
    return tuple(_signer(row, signed.get(row.person_id), mandates, today) for row in frozen or case.right_holders)


def _signer(row: HolderRow | SignerRow, signed: SignerRow | None, mandates: tuple[Mandate, ...], today: date) -> Signer:
    holder = _holder(row)
    theirs = [each for each in mandates if each.right_holder == row.person_id]
    by = next((each for each in theirs if signed and (each.hand, each.kind) == (signed.hand, signed.capacity)), None)
    return Signer(
        row.person_id,
        row.name,
        row.share,
        signed and signed.signed_at,
        signed and signed.capacity,
        by.evidence if by else "",
        _hands(holder, theirs, today),
        _wanted(holder),
    )


def _wanted(holder: Holder) -> Capacity:
    if holder.kind == "organisation":
        return "representative"
    return "self" if holder.capable else "guardian"


def _hands(holder: Holder, theirs: Sequence[Mandate], today: date) -> tuple[Hand, ...]:
    """Their own hand first, then each paper that was not taken back: of several for one hand, the one that is good longest."""
    longest = {(each.hand, each.kind): each for each in sorted(theirs, key=_until) if each.revoked_at is None}
    own = [(holder.person_id, "self", None, "")] if _wanted(holder) == "self" else []
    papers = [(each.hand, each.kind, each.valid_until, each.evidence) for each in longest.values()]
    return tuple(_hand(holder, *each, mandates=tuple(theirs), today=today) for each in [*own, *papers])


def _hand(  # noqa: PLR0913 - a paper, for whom and on which day
    holder: Holder,
    person_id: UUID,
    capacity: Capacity,
    valid_until: date | None,
    evidence: str,
    *,
    mandates: tuple[Mandate, ...],
    today: date,
) -> Hand:
    may = entitlement(holder, hand=person_id, capacity=capacity, mandates=mandates, on=today)
    return Hand(person_id, capacity, valid_until, evidence, may.code if isinstance(may, NotEntitled) else None)


def _until(mandate: Mandate) -> date:
    return mandate.valid_until


def _signed_share(signers: Sequence[Signer]) -> str | None:
    """None where nobody has a share of their own."""
    if not any(each.share for each in signers):
        return None
    return str(sum((Fraction(each.share) for each in signers if each.share and each.signed_at), Fraction(0)))


def _done_at(case: CaseFile) -> tuple[datetime | None, ...]:
    """When each of the four steps was done, as far as it was."""
    agreement = case.agreement
    if agreement is None:
        return (None,) * 4
    reviewed = [
        each.at for each in case.acts if each.kind == "reviewed" and each.agreement_id == agreement.agreement_id
    ]
    return (reviewed[-1] if reviewed else None, agreement.locked_at, agreement.signed_at, agreement.signed_at)

"""What the desk's page shows of a case: which of the four steps it is at, and what is to be done there.

    1 check → 2 lock → 3 sign → 4 number

Left to others: every decision (the API), the words (texts.toml).
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from services.signing.domain import review
from services.signing.domain.mandate import Mandate
from services.signing.domain.review import Item
from services.signing.domain.rights import Holder, Rights
from services.signing.domain.terms import TermLine
from services.signing.queries.agreement_file import AgreementFile, SignerRow
from services.signing.queries.case_file import CaseFile

View = Literal["none", "disputed", "check", "locked", "sign", "number", "ended"]
_STEPS: dict[View, int] = {"none": 0, "disputed": 0, "check": 0, "locked": 1, "sign": 2, "number": 4, "ended": 4}


@dataclass(frozen=True)
class Hand:
    """Somebody who may sign for the right-holder whose turn it is."""

    person_id: str
    capacity: str
    valid_until: str


@dataclass(frozen=True)
class Desk:
    view: View
    step: int
    items: tuple[Item, ...]
    papers: tuple[str, ...]
    current: SignerRow | None
    hands: tuple[Hand, ...]
    signed_share: str | None


def of(case: CaseFile, *, signing: bool) -> Desk:
    """`signing`: the paper has been held against the page, and the first hand may sign."""
    agreement = case.agreement
    view = _view(case, signing=signing)
    rights, mandates = _rights(case), _mandates(case)
    current = next((each for each in agreement.right_holders if each.signed_at is None), None) if agreement else None
    return Desk(
        view=view,
        step=_STEPS[view],
        items=_items(case, rights, mandates) if agreement else (),
        papers=review.mandatory_papers(rights, mandates),
        current=current,
        hands=_hands(current, mandates) if current else (),
        signed_share=_signed_share(agreement) if agreement else None,
    )


def _view(case: CaseFile, *, signing: bool) -> View:
    agreement = case.agreement
    if agreement is None or agreement.state == "returned":
        return "none"
    if agreement.state in ("rescinded", "void"):
        return "ended"
    if agreement.state in ("signed", "effective"):
        return "number"
    if case.rights == "disputed":
        return "disputed"
    if agreement.state in ("drafted", "reviewed"):
        return "check"
    begun = signing or any(each.signed_at for each in agreement.right_holders)
    return "sign" if begun else "locked"


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
    holders = tuple(
        Holder(
            each.person_id,
            each.name,
            Fraction(each.share) if each.share else None,
            "organisation" if each.kind == "organisation" else "natural",
            each.capable,
        )
        for each in case.right_holders
    )
    return Rights(case.ownership, holders)


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


def _hands(current: SignerRow, mandates: tuple[Mandate, ...]) -> tuple[Hand, ...]:
    own = current.capable and current.kind == "natural"
    himself = (Hand(str(current.person_id), "self", ""),) if own else ()
    papers = (each for each in mandates if each.right_holder == current.person_id and each.revoked_at is None)
    return himself + tuple(Hand(str(each.hand), each.kind, each.valid_until.isoformat()) for each in papers)


def _signed_share(agreement: AgreementFile) -> str | None:
    shares = [Fraction(each.share) for each in agreement.right_holders if each.share and each.signed_at]
    return str(sum(shares, Fraction(0))) if any(each.share for each in agreement.right_holders) else None

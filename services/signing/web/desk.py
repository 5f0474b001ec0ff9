"""The desk's page of a case: its current step of four, and the content of the step.

    1 check → 2 lock → 3 sign → 4 number

Left to others: every decision (the API), the right-holders (signers.py), what may be done (acts.py), the words (texts.toml).
"""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from services.signing.domain import review
from services.signing.domain.mandate import Mandate
from services.signing.domain.review import Item
from services.signing.domain.rights import Rights
from services.signing.domain.terms import TermLine
from services.signing.queries.case_file import CaseFile
from services.signing.web import signers as signing_people
from services.signing.web.signers import Signer

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
class Desk:
    """`seen` identifies all content of the page: another value means that the screen is outdated."""

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
        return sum(signer.signed_at is not None for signer in self.signers)


def of(case: CaseFile, *, today: date, signing: bool, holder: str = "") -> Desk:
    """`signing`: the paper was compared with the page, so signing may start. `holder`: the right-holder that the desk has chosen."""
    view = _view(case, signing=signing)
    rights, mandates = signing_people.rights(case), _mandates(case)
    signers = signing_people.of(case, mandates, today=today)
    waiting = [signer for signer in signers if signer.signed_at is None]
    chosen = next((signer for signer in waiting if str(signer.person_id) == holder), None)
    return Desk(
        view=view,
        step=_STEPS[view],
        seen=hashlib.sha256(case.model_dump_json().encode()).hexdigest()[:16],
        items=_items(case, rights, mandates) if case.agreement else (),
        papers=review.mandatory_papers(rights, mandates),
        signers=signers,
        current=chosen or next(iter(waiting), None),
        signed_share=signing_people.signed_share(signers),
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
    begun = signing or any(holder.signed_at for holder in agreement.right_holders)
    return "sign" if begun else "locked"


def _items(case: CaseFile, rights: Rights, mandates: tuple[Mandate, ...]) -> tuple[Item, ...]:
    agreement = case.agreement
    lines = tuple(TermLine(**line.model_dump()) for line in agreement.lines) if agreement else ()
    # The reviewer ticks the papers, so they are not checked here.
    papers = frozenset(review.mandatory_papers(rights, mandates))
    return review.checklist(
        rights,
        rights_state=case.rights,
        area_disputed=case.area_disputed,
        lines=lines,
        mandates=mandates,
        papers=papers if agreement and agreement.state == "reviewed" else frozenset(),
    )


def _mandates(case: CaseFile) -> tuple[Mandate, ...]:
    return tuple(
        Mandate(
            mandate.mandate_id,
            mandate.right_holder,
            mandate.hand,
            mandate.kind,
            mandate.valid_until,
            mandate.evidence,
            mandate.revoked_at,
            mandate.recorded_at,
        )
        for mandate in case.mandates
    )


def _done_at(case: CaseFile) -> tuple[datetime | None, ...]:
    """When each of the four steps was done, as far as it was."""
    agreement = case.agreement
    if agreement is None:
        return (None,) * 4
    reviewed = [act.at for act in case.acts if act.kind == "reviewed" and act.agreement_id == agreement.agreement_id]
    return (reviewed[-1] if reviewed else None, agreement.locked_at, agreement.signed_at, agreement.signed_at)

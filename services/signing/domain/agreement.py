"""The agreement of one unit, from draft to effect. Its states and the acts that move it are a table: moves.py.

Invariant: it is signed only when every right-holder of the locked rights has signed, one at a time, each by an entitled hand. A locked
agreement does not change. Signing a signed agreement changes nothing. An agreement with a number is never superseded (decision 12).
Left to others: number and instant, taken under the lock of the series (store/numbers.py), and whether the threshold is reached
(project.py). The file is long so that the whole life cycle can be read in one place.
Held by tests/unit/signing/test_agreement.py and tests/unit/signing/test_agreement_life.py and tests/integration/signing/test_rules.py.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from services.signing.domain import moves, terms
from services.signing.domain.mandate import Capacity, Mandate, NotEntitled, entitlement
from services.signing.domain.moves import LIVE, MOVES, SIGNABLE, SIGNED, Act
from services.signing.domain.rights import Holder, Rights
from services.signing.domain.terms import Form, TermLine
from shared.events.contract import Event
from shared.events.day import business_day
from shared.events.signing import (
    AgreementDrafted,
    AgreementEffective,
    AgreementLocked,
    AgreementPerformed,
    AgreementPreRegistered,
    AgreementRescinded,
    AgreementReturned,
    AgreementReviewed,
    AgreementRevised,
    AgreementSigned,
    AgreementSuperseded,
    AgreementUnlocked,
    AgreementVoid,
)
from shared.events.terms import Series
from shared.refusal import Refused

State = moves.State
LAPSED = "period-ended-without-threshold"  # why a number is let go at the end of a period
# The form of a token's subject that an event may contain (shared/events/terms.py, StaffId).
_STAFF_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:|-]{0,254}")


@dataclass(frozen=True)
class Signature:
    right_holder: UUID
    hand: UUID
    capacity: Capacity
    mandate_id: UUID | None
    signed_at: datetime
    taken_by: str | None = None  # the member of staff; None on old signatures, before this was recorded
    desk: str | None = None
    papers: tuple[str, ...] = ()  # originals seen with the signature, beside those of the review


@dataclass(frozen=True)
class Taking:
    """Who takes a signature, at which desk, and the originals seen with it."""

    by: str | None = None
    desk: str | None = None
    papers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Turn:
    """The place in the series that this signing takes, read under the lock of the series."""

    number: int
    signed_at: datetime


@dataclass(frozen=True)
class Lock:
    """The frozen content and the number of the lock. Signatures belong to one lock and do not survive it."""

    count: int
    rights: Rights
    rights_revision: int
    digest: str
    locked_at: datetime
    locked_by: str


@dataclass(frozen=True)
class Detachment:
    """When and why the number was let go. It is never given again."""

    at: datetime
    reason: str


@dataclass
class Agreement:
    agreement_id: UUID
    project_id: UUID
    unit_id: UUID
    form: Form
    rule_set_version: str
    lines: tuple[TermLine, ...]
    supersedes: UUID | None = None
    state: State = "drafted"
    version: int = 0
    lock_count: int = 0
    lock: Lock | None = None
    signatures: list[Signature] = field(default_factory=list)
    turn: Turn | None = None
    effective_at: datetime | None = None
    moved_at: datetime | None = None  # its last instant; the next one is later
    detachment: Detachment | None = None
    superseded_by: UUID | None = None
    recorded: list[Event] = field(default_factory=list)

    @property
    def series(self) -> Series:
        return terms.series_of(self.form)

    @property
    def live(self) -> bool:
        return self.state in LIVE

    def digest(self) -> str:
        return terms.digest(self.lines, form=self.form, rule_set_version=self.rule_set_version)

    @classmethod
    def draft(  # noqa: PLR0913 - what a draft consists of
        cls,
        agreement_id: UUID,
        *,
        project_id: UUID,
        unit_id: UUID,
        form: Form,
        rule_set_version: str,
        lines: tuple[TermLine, ...],
        at: datetime,
        supersedes: UUID | None = None,
    ) -> "Agreement":
        """Raises Refused: terms-wrong."""
        _expect_whole(lines)
        agreement = cls(agreement_id, project_id, unit_id, form, rule_set_version, lines, supersedes)
        agreement._record(AgreementDrafted(**agreement._ids(), **agreement._worth(), drafted_at=at), at)
        return agreement

    def edit(self, lines: tuple[TermLine, ...], *, form: Form, rule_set_version: str, at: datetime) -> None:
        """New terms make it a draft again. Raises Refused: agreement-not-open, terms-wrong."""
        self._expect("edit")
        _expect_whole(lines)
        self._move("edit")
        self.lines, self.form, self.rule_set_version = lines, form, rule_set_version
        self._record(AgreementRevised(**self._ids(), **self._worth(), revised_at=at), at)

    def pass_review(self, *, at: datetime) -> None:
        if self._move("review"):
            self._record(AgreementReviewed(**self._ids(), reviewed_at=at), at)

    def freeze(self, rights: Rights, *, rights_revision: int, at: datetime, by: str) -> None:
        """Raises Refused: agreement-not-reviewed."""
        self._move("lock")
        self.lock_count += 1
        self.lock = Lock(self.lock_count, rights, rights_revision, self.digest(), at, by)
        frozen = {"rule_set_version": self.rule_set_version, "terms_digest": self.lock.digest}
        self._record(AgreementLocked(**self._ids(), **frozen, locked_at=at), at)

    def unfreeze(self, *, reason: str, at: datetime) -> None:
        """Back to a draft. Existing signatures were given on other terms and no longer count."""
        self._move("unlock")
        self.lock, self.signatures = None, []
        self._record(AgreementUnlocked(**self._ids(), reason=reason, unlocked_at=at), at)

    def pre_register(self, *, at: datetime) -> None:
        """A declared will to sign before the period opens (预登记). Not a signing: no number, no count."""
        if self._move("pre-register"):
            self._record(AgreementPreRegistered(**self._ids(), pre_registered_at=at), at)

    def give_back(self, *, reason: str, at: datetime) -> None:
        """Raises Refused: agreement-not-open."""
        self._move("return")
        self._record(AgreementReturned(**self._ids(), reason=reason, returned_at=at), at)

    def supersede(self, successor: UUID, *, reason: str, at: datetime) -> None:
        """Another agreement takes its place. Its signatures stay on record but no longer count. Raises Refused: agreement-not-locked."""
        self._move("supersede")
        self.superseded_by = successor
        self._record(AgreementSuperseded(**self._ids(), successor=successor, reason=reason, superseded_at=at), at)

    def expect_version(self, version: int | None) -> None:
        """Compares the version on screen, if given. Raises Refused: version-superseded."""
        if version is not None and version != self.version:
            raise Refused("version-superseded", version=self.version)

    def expect_terms(self, digest: str) -> None:
        """Compares the digest of the paper at the desk with the locked one. Raises Refused: terms-changed-since-read."""
        if self.lock is not None and self.lock.digest != digest:
            raise Refused("terms-changed-since-read", terms_digest=self.lock.digest)

    def unsigned(self) -> list[Holder]:
        if self.lock is None:
            return []
        signed = {signature.right_holder for signature in self.signatures}
        return [holder for holder in self.lock.rights.holders if holder.person_id not in signed]

    def completed_by(self, right_holder: UUID) -> bool:
        """True when only this right-holder is missing: then the signature takes a number of the series."""
        return self.state in SIGNABLE and [holder.person_id for holder in self.unsigned()] == [right_holder]

    def has_signed(self, right_holder: UUID) -> bool:
        """True when the right-holder has signed. A retry then gets the stored state, even if papers have changed since."""
        return self.state in (*SIGNABLE, *SIGNED) and any(
            signature.right_holder == right_holder for signature in self.signatures
        )

    def sign(  # noqa: PLR0913 - for whom, by whose hand, as what, on which paper, when: each can be wrong by itself
        self,
        right_holder: UUID,
        *,
        hand: UUID,
        capacity: Capacity,
        mandates: tuple[Mandate, ...],
        rights_revision: int,
        area: int,
        at: datetime,
        turn: Turn | None,
        taking: Taking | None = None,
    ) -> None:
        """Takes one right-holder's signature; the last missing one completes the agreement, which takes `turn`.

        Raises Refused: agreement-not-locked, rights-changed-since-lock, not-a-right-holder, hand-not-entitled, hand-not-another,
        mandate-expired, guardian-required, representative-required, shares-incomplete.
        """
        if self.has_signed(right_holder):
            return
        self._expect("sign")
        lock = self._frozen()
        if lock.rights_revision != rights_revision:
            raise Refused("rights-changed-since-lock", locked_at=lock.locked_at)
        holder = self._holder(lock, right_holder)
        may = entitlement(holder, hand=hand, capacity=capacity, mandates=mandates, on=business_day(at))
        if isinstance(may, NotEntitled):
            raise Refused(
                may.code, right_holder=right_holder, hand=hand, capacity=capacity, valid_until=may.valid_until
            )
        taking = taking or Taking()
        proof = (taking.by, taking.desk, tuple(sorted(taking.papers)))
        self.signatures.append(Signature(right_holder, hand, capacity, may.mandate_id, at, *proof))
        self.moved_at = at
        if not self.unsigned():
            self._complete(lock, turn, area)

    def rescind(self, *, reason: str, at: datetime) -> None:
        """A performed agreement cannot be rescinded (Civil Code art. 557). Raises Refused: agreement-not-signed."""
        self._move("rescind")
        self.detachment = Detachment(at, reason)
        number = {"series": self.series, "sequence_number": self._placed().number}
        self._record(AgreementRescinded(**self._ids(), **number, reason=reason, rescinded_at=at), at)

    def lapse(self, closed_at: datetime) -> bool:
        """The period ended without the threshold. False when there is nothing to lapse."""
        if not self._open_to("lapse"):
            return False
        self._move("lapse")
        self.detachment = Detachment(closed_at, LAPSED)
        self._record(AgreementVoid(**self._ids(), void_at=closed_at), closed_at)
        return True

    def take_effect(self, *, declared_at: datetime, document_number: str) -> bool:
        """Depends only on the signing and the declaration, not on the caller. False when there is nothing to do."""
        if not self._open_to("take effect"):
            return False
        self._move("take effect")
        self.effective_at = max(self._placed().signed_at, declared_at)
        effect = {"effective_at": self.effective_at, "declaration": document_number}
        self._record(AgreementEffective(**self._ids(), **effect), self.effective_at)
        return True

    def perform(self, *, at: datetime) -> None:
        """Idempotent. Raises Refused: agreement-not-effective."""
        if self._move("perform"):
            self._record(AgreementPerformed(**self._ids(), performed_at=at), at)

    @property
    def last_at(self) -> datetime | None:
        """The last instant of this agreement; the next must be later. For old rows, derived from their parts."""
        known = (
            self.moved_at,
            self.lock and self.lock.locked_at,
            self.turn and self.turn.signed_at,
            *(signature.signed_at for signature in self.signatures),
        )
        return max((at for at in known if at), default=None)

    def _record(self, event: Event, at: datetime) -> None:
        self.recorded.append(event)
        self.moved_at = max(self.moved_at or at, at)

    def _worth(self) -> dict[str, Any]:
        return {"series": self.series, "compensation_fen": terms.total_once_fen(self.lines)}

    def _complete(self, lock: Lock, turn: Turn | None, area: int) -> None:
        if flaw := lock.rights.flaw():
            raise Refused("shares-incomplete", flaw=flaw)
        self.turn = turn
        self._move("sign")
        placed = self._placed()
        number = {"series": self.series, "sequence_number": placed.number, "signed_at": placed.signed_at}
        holders = tuple(holder.person_id for holder in lock.rights.holders)
        last = self.signatures[-1]
        by = {"taken_by": last.taken_by if _STAFF_ID.fullmatch(last.taken_by or "") else None, "desk": last.desk}
        signed = AgreementSigned(**self._ids(), **number, **by, area_hundredths_m2=area, right_holders=holders)
        self._record(signed, placed.signed_at)

    def _holder(self, lock: Lock, person_id: UUID) -> Holder:
        for holder in lock.rights.holders:
            if holder.person_id == person_id:
                return holder
        raise Refused("not-a-right-holder", right_holder=person_id)

    def _ids(self) -> dict[str, Any]:
        return {"project_id": self.project_id, "unit_id": self.unit_id, "agreement_id": self.agreement_id}

    def _frozen(self) -> Lock:
        if self.lock is None:
            message = f"{self.agreement_id} is {self.state} without a lock"
            raise AssertionError(message)
        return self.lock

    def _placed(self) -> Turn:
        if self.turn is None:
            message = f"{self.agreement_id} is {self.state} without a place in its series"
            raise AssertionError(message)
        return self.turn

    def _open_to(self, act: Act) -> bool:
        return self.state in MOVES[act].sources

    def _expect(self, act: Act) -> None:
        if not self._open_to(act):
            raise Refused(MOVES[act].refusal, state=self.state)

    def _move(self, act: Act) -> bool:
        """False when it was there already: the act is done again and changes nothing."""
        self._expect(act)
        before, self.state = self.state, MOVES[act].target
        return self.state != before


def _expect_whole(lines: tuple[TermLine, ...]) -> None:
    if flaw := terms.flaw(lines):
        raise Refused("terms-wrong", flaw=flaw)

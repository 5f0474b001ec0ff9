"""Does the agreement keep its rules? No database, no broker, no mocks."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.signing.domain.agreement import Agreement, Turn
from services.signing.domain.mandate import Mandate
from services.signing.domain.moves import SIGNED
from shared.events.day import business_day, midnight
from shared.refusal import Refused
from tests.unit.signing.builders import LINES, NOON, a_draft, a_holder, a_locked, rights_of

TURN = Turn(1, NOON)


def signs(  # noqa: PLR0913 - what a test varies
    agreement: Agreement, holder, *, hand=None, capacity="self", mandates=(), revision=1, at=NOON
) -> None:
    turn = TURN if agreement.completed_by(holder.person_id) else None
    agreement.sign(
        holder.person_id,
        hand=hand or holder.person_id,
        capacity=capacity,
        mandates=mandates,
        rights_revision=revision,
        area=6_518,
        at=at,
        turn=turn,
    )


def a_paper(holder, kind: str, valid_until: date = date(2026, 11, 28)) -> Mandate:
    return Mandate(uuid4(), holder.person_id, uuid4(), kind, valid_until, "公证书")


@given(st.integers(2, 12), st.booleans(), st.randoms())
def test_only_the_signature_of_the_last_right_holder_completes_an_agreement(count, joint, random):
    holders = [a_holder(None if joint else f"1/{count}") for _ in range(count)]
    agreement = a_locked(rights_of(*holders, ownership="joint" if joint else "shares"))
    random.shuffle(holders)

    for holder in holders[:-1]:
        signs(agreement, holder)
        assert agreement.state == "locked"
    signs(agreement, holders[-1])
    signs(agreement, holders[-1])

    assert agreement.state == "signed"
    assert [type(event).__name__ for event in agreement.recorded].count("AgreementSigned") == 1


def test_a_child_signs_through_a_guardian_only():
    child = a_holder(capable=False)
    agreement, guardian, agent = a_locked(rights_of(child)), a_paper(child, "guardian"), a_paper(child, "agent")

    for hand, capacity in ((child.person_id, "self"), (agent.hand, "agent")):
        with pytest.raises(Refused, match="guardian-required"):
            signs(agreement, child, hand=hand, capacity=capacity, mandates=(guardian, agent))
    signs(agreement, child, hand=guardian.hand, capacity="guardian", mandates=(guardian,))

    assert agreement.state == "signed" and agreement.signatures[0].mandate_id == guardian.mandate_id


def test_a_guardian_signs_for_one_child_at_a_time():
    children = [a_holder("1/2", capable=False) for _ in range(2)]
    agreement, paper = a_locked(rights_of(*children)), a_paper(children[0], "guardian")

    signs(agreement, children[0], hand=paper.hand, capacity="guardian", mandates=(paper,))
    with pytest.raises(Refused, match="hand-not-entitled"):
        signs(agreement, children[1], hand=paper.hand, capacity="guardian", mandates=(paper,))


def test_an_organisation_signs_through_its_representative():
    company = a_holder(kind="organisation")
    agreement, paper = a_locked(rights_of(company)), a_paper(company, "representative")

    with pytest.raises(Refused, match="representative-required"):
        signs(agreement, company)
    signs(agreement, company, hand=paper.hand, capacity="representative", mandates=(paper,))

    assert agreement.state == "signed"


@pytest.mark.parametrize(("days", "good"), [(0, True), (-1, False)])
def test_a_paper_is_valid_until_the_end_of_its_last_day_in_shanghai(days, good):
    owner = a_holder()
    agreement = a_locked(rights_of(owner))
    paper = a_paper(owner, "agent", date(2026, 11, 28) + timedelta(days=days))
    late = midnight(date(2026, 11, 29)) - timedelta(seconds=1)  # still the 28th in Shanghai
    assert business_day(late) == date(2026, 11, 28)

    if good:
        signs(agreement, owner, hand=paper.hand, capacity="agent", mandates=(paper,), at=late)
        assert agreement.state == "signed"
    else:
        with pytest.raises(Refused, match="mandate-expired") as refusal:
            signs(agreement, owner, hand=paper.hand, capacity="agent", mandates=(paper,), at=late)
        assert refusal.value.facts["valid_until"] == date(2026, 11, 27)


def test_rights_that_changed_since_the_lock_block_it():
    owner = a_holder()

    with pytest.raises(Refused, match="rights-changed-since-lock"):
        signs(a_locked(rights_of(owner)), owner, revision=2)


def test_shares_that_are_not_whole_are_never_signed():
    holders = [a_holder("2/3"), a_holder("2/3")]
    agreement = a_locked(rights_of(*holders))
    signs(agreement, holders[0])

    with pytest.raises(Refused, match="shares-incomplete"):
        signs(agreement, holders[1])


class Life(RuleBasedStateMachine):
    """Every act in any order: a forbidden act is refused and changes nothing."""

    @initialize(owners=st.integers(1, 4))
    def begin(self, owners):
        self.holders = [a_holder(f"1/{owners}") for _ in range(owners)]
        self.agreement, self.digest, self.terms = a_draft(), None, LINES

    def attempt(self, act):
        before = (self.agreement.state, list(self.agreement.signatures), len(self.agreement.recorded))
        try:
            act()
        except Refused:
            assert before == (self.agreement.state, self.agreement.signatures, len(self.agreement.recorded))

    @rule()
    def review(self):
        self.attempt(lambda: self.agreement.pass_review(at=NOON))

    @rule(amount=st.integers(0, 10**9))
    def edit(self, amount):
        lines = (LINES[0].__class__("relocation_fee", "once", amount),)
        self.attempt(lambda: self.agreement.edit(lines, form="cash", rule_set_version="3", at=NOON))

    @rule()
    def lock(self):
        rights = rights_of(*self.holders)
        self.attempt(lambda: self.agreement.freeze(rights, rights_revision=1, at=NOON, by="desk"))
        if self.agreement.lock:
            self.digest = self.agreement.lock.digest

    @rule()
    def unlock(self):
        self.attempt(lambda: self.agreement.unfreeze(reason="wrong", at=NOON))

    @rule()
    def pre_register(self):
        self.attempt(lambda: self.agreement.pre_register(at=NOON))

    @rule()
    def give_back(self):
        self.attempt(lambda: self.agreement.give_back(reason="papers_missing", at=NOON))

    @rule()
    def supersede(self):
        self.attempt(lambda: self.agreement.supersede(uuid4(), reason="rule_set_superseded", at=NOON))

    @rule()
    def perform(self):
        self.attempt(lambda: self.agreement.perform(at=NOON))

    @rule(which=st.integers(0, 3))
    def sign(self, which):
        self.attempt(lambda: signs(self.agreement, self.holders[which % len(self.holders)]))

    @rule()
    def declare(self):
        self.agreement.take_effect(declared_at=NOON, document_number="1号")

    @rule()
    def close(self):
        self.agreement.lapse(NOON)

    @rule()
    def rescind(self):
        self.attempt(lambda: self.agreement.rescind(reason="withdrawn", at=NOON))

    @invariant()
    def what_is_signed_is_whole_and_as_locked(self):
        if self.agreement.state in SIGNED:
            assert self.agreement.turn and not self.agreement.unsigned()
            assert self.agreement.digest() == self.digest
        if self.agreement.state in ("drafted", "reviewed"):
            assert not self.agreement.signatures

    @invariant()
    def each_thing_is_said_once(self):
        types = [type(event).__name__ for event in self.agreement.recorded]
        assert all(types.count(once) <= 1 for once in ("AgreementSigned", "AgreementEffective", "AgreementPerformed"))
        exits = {"returned", "superseded", "rescinded", "void"}
        assert [types.count(f"Agreement{item.capitalize()}") for item in exits].count(1) == (
            self.agreement.state in exits
        )

    @invariant()
    def what_has_been_performed_stays_so(self):
        if "AgreementPerformed" in [type(event).__name__ for event in self.agreement.recorded]:
            assert self.agreement.state == "performed"

    @invariant()
    def what_holds_a_number_is_never_superseded_or_returned(self):
        assert not (self.agreement.turn and self.agreement.state in ("superseded", "returned"))


TestLife = Life.TestCase

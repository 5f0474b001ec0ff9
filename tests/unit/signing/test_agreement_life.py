"""Does an agreement keep its rules whatever is done with it, in any order?"""

from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.signing.domain.moves import SIGNABLE, SIGNED
from shared.refusal import Refused
from tests.unit.signing.builders import LINES, NOON, a_draft, a_holder, rights_of, signs


class Life(RuleBasedStateMachine):
    """Every act in any order: a forbidden act is refused and changes nothing."""

    @initialize(owners=st.integers(1, 4))
    def begin(self, owners):
        self.holders = [a_holder(f"1/{owners}") for _ in range(owners)]
        self.agreement, self.digest = a_draft(), None

    def attempt(self, act):
        before = (self.agreement.state, list(self.agreement.signatures), len(self.agreement.recorded))
        try:
            act()
        except Refused:
            assert before == (self.agreement.state, self.agreement.signatures, len(self.agreement.recorded))

    @rule(goal=st.sampled_from(("locked", "signed", "effective")))
    def go_on(self, goal):
        """By the usual way to a goal, if it still leads there: acts drawn by chance alone hardly come to a signature."""
        usual = {"drafted": self.review, "reviewed": self.lock, "signed": self.declare}
        usual |= dict.fromkeys(SIGNABLE, lambda: self.sign(self.holders.index(self.agreement.unsigned()[0])))
        while self.agreement.state != goal and (step := usual.get(self.agreement.state)):
            step()

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
    def every_event_of_an_end_is_recorded_once(self):
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

"""Is the threshold counted in whole numbers, over the whole roll, and latched?"""

from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.signing.domain.threshold import Basis, Counts, Reading, reached
from shared.refusal import Refused
from tests.unit.signing.builders import NOON, a_project

AREA = 6_518


def test_the_call_says_by_which_rule_right_holders_were_counted():
    project = a_project(Basis("right_holders", 50, "方案"), total=Counts(2, 2, 2, 2 * AREA))

    assert project.count(Counts(1, 1, 1, AREA), at=NOON)
    assert [event.counting_rule for event in project.recorded] == ["any_unit_signed"]


@given(st.integers(1, 10**6), st.integers(0, 10**6), st.integers(1, 100))
def test_a_reading_is_exact_and_says_how_many_are_missing(total, signed, percent):
    reading = Reading(Basis("units", percent, "方案"), signed, total)

    assert reading.reached == (Fraction(signed, total) >= Fraction(percent, 100))
    assert reading.reached == (reading.missing == 0)
    assert Reading(reading.basis, signed + reading.missing, total).reached
    if reading.missing:
        assert not Reading(reading.basis, signed + reading.missing - 1, total).reached


def test_a_rate_that_rounds_to_95_has_not_reached_95():
    assert not Reading(Basis("units", 95, "方案"), 94_996, 100_000).reached
    assert Reading(Basis("units", 95, "方案"), 95_000, 100_000).reached


@pytest.mark.parametrize("total", [None, Counts()])
def test_without_a_roll_nothing_is_reached(total):
    project = a_project(Basis("units", 1, "方案"), total=total)

    assert not project.count(Counts(units=5), at=NOON)


def test_a_threshold_without_a_basis_is_never_reached_and_with_several_only_by_all():
    enough, short = Reading(Basis("units", 50), 5, 10), Reading(Basis("area", 50), 499, 1_000)

    assert not reached(())
    assert reached((enough, enough)) and not reached((enough, short)) and not reached((short, enough))


def test_counts_begin_at_nothing_and_are_added_one_by_one():
    assert Counts() == Counts(0, 0, 0, 0)
    assert Counts(1, 2, 3, 4) + -Counts(4, 3, 2, 1) == Counts(-3, -1, 1, 3)


class Signing(RuleBasedStateMachine):
    """Units are signed and rescinded in any order; the model is the set of signed units."""

    UNITS = 20

    def __init__(self):
        super().__init__()
        total = Counts(self.UNITS, self.UNITS, self.UNITS, self.UNITS * AREA)
        bases = (Basis("units", 95, "方案"), Basis("area", 90, "方案"))
        self.project, self.signed, self.at, self.most = a_project(*bases, total=total), set(), NOON, 0

    @rule(unit=st.integers(0, UNITS - 1))
    def sign_or_rescind(self, unit):
        self.at += timedelta(seconds=1)
        one = Counts(1, 1, 1, AREA)
        if unit in self.signed:
            self.signed.remove(unit)
            self.project.count(-one, at=self.at)
        else:
            self.signed.add(unit)
            self.project.count(one, at=self.at)
        self.most = max(self.most, len(self.signed))

    @rule()
    def declare(self):
        if self.project.latch:
            self.project.declare("罗府〔2026〕1号", at=self.at, by="command")
        else:
            with pytest.raises(Refused, match=r"^threshold-not-reached$"):
                self.project.declare("罗府〔2026〕1号", at=self.at, by="command")

    @rule()
    def sign_all(self):
        for unit in set(range(self.UNITS)) - self.signed:
            self.sign_or_rescind(unit)

    @invariant()
    def the_count_is_the_set(self):
        assert self.project.signed.units == len(self.signed)
        assert self.project.signed.area == len(self.signed) * AREA

    @invariant()
    def the_latch_fell_once_and_stays(self):
        assert (self.project.latch is not None) == (self.most * 100 >= self.UNITS * 95)
        types = [type(event).__name__ for event in self.project.recorded]
        assert types.count("ThresholdReached") == (self.project.latch is not None)
        assert types.count("EffectDeclared") == (self.project.declaration is not None)


TestSigning = Signing.TestCase

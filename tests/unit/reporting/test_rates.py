"""Does a rate show exactly what was signed?"""

from fractions import Fraction
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain.rates import NAMES, Basis, scale
from shared.events.terms import Basis as BasisName

ROLLS = st.integers(1, 20_000_000)


@pytest.mark.parametrize(
    ("signed", "total", "rate", "distance", "reached"),
    [
        (94_996, 100_000, "94.99", 4, False),
        (2_289, 2_412, "94.90", 3, False),
        (95, 100, "95.00", 0, True),
        (1_624, 1_708, "95.08", -1, True),
        (0, 7, "0.00", 7, False),
        (7, 7, "100.00", 0, True),
    ],
)
def test_a_rate_is_cut_and_says_how_many_are_missing(signed, total, rate, distance, reached):
    basis = Basis("units", signed, total, 95)

    assert (basis.rate, basis.distance, basis.reached) == (rate, distance, reached)


def test_without_a_frozen_roll_there_is_no_rate():
    basis = Basis("units", 3, None, 95)

    assert (basis.rate, basis.distance, basis.reached) == (None, None, False)


def test_a_basis_for_reference_is_compared_at_95_percent_and_not_required():
    below, above = (Basis("units", signed, 10_000) for signed in (9_499, 9_500))

    assert [(basis.required, basis.distance, basis.reached) for basis in (below, above)] == [
        (False, 1, False),
        (False, 0, True),
    ]
    assert Basis("units", 1, 2, 50).required is True


def test_every_basis_of_the_events_has_its_rate_in_one_order():
    assert NAMES == ("right_holders", "area", "units", "households")
    assert sorted(NAMES) == sorted(get_args(BasisName))


@given(ROLLS, st.data(), st.integers(1, 100))
def test_the_rate_never_shows_a_threshold_that_is_not_reached(total, data, percent):
    basis = Basis("area", data.draw(st.integers(0, total)), total, percent)
    exact = Fraction(basis.numerator * 100, total)

    assert Fraction(basis.rate) <= exact < Fraction(basis.rate) + Fraction(1, 100)
    assert basis.reached == (exact >= percent) == (basis.distance <= 0)
    assert (Fraction(basis.rate) >= percent) == basis.reached


@given(ROLLS, st.data(), st.integers(1, 100))
def test_the_distance_is_the_least_number_that_reaches_it(total, data, percent):
    basis = Basis("units", data.draw(st.integers(0, total)), total, percent)
    least = basis.numerator + basis.distance

    assert Basis("units", least, total, percent).reached
    assert not Basis("units", least - 1, total, percent).reached


@pytest.mark.parametrize(
    ("signed", "ends"),
    [
        ([9_490, 9_511], (9_400, 9_600)),
        ([9_100, 9_999], (9_000, 10_000)),
        ([10, 9_500], (0, 10_000)),
        ([9_400, 9_600], (9_400, 9_600)),
        ([9_399], (9_000, 10_000)),
        ([9_601], (9_000, 10_000)),
        ([9_000, 10_000], (9_000, 10_000)),
        ([8_999], (0, 10_000)),
        ([], (0, 10_000)),
    ],
)
def test_the_scale_is_the_narrowest_that_holds_all(signed, ends):
    assert scale([Basis("units", agreement, 10_000) for agreement in signed]) == ends


def test_the_scale_holds_the_thresholds_too():
    assert scale([Basis("units", 9_500, 10_000, 96)]) == (9_400, 9_600)
    assert scale([Basis("units", 9_500, 10_000, 97)]) == (9_000, 10_000)
    assert scale([Basis("units", 9_500, 10_000, 95), Basis("area", 3, None, 95)]) == (9_400, 9_600)
    assert scale([Basis("units", 3, None, 95)]) == (0, 10_000)
    assert scale([Basis("units", 9_490, 10_000, 60), Basis("area", 9_511, 10_000, 95)]) == (0, 10_000)
    assert scale([Basis("units", 9_490, 10_000, 95), Basis("area", 9_511, 10_000, 90)]) == (9_000, 10_000)

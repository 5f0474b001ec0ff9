"""Are shares held exactly, or refused before anything overflows?"""

from fractions import Fraction
from math import lcm

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.shares import LARGEST, common_denominator, flaw

SHARES = st.lists(st.fractions(min_value=Fraction(1, 10**9), max_value=1, max_denominator=10**9), max_size=12)


@given(SHARES)
def test_a_common_denominator_counts_every_share_in_whole_parts_of_a_bigint_or_there_is_none(shares):
    whole = common_denominator(shares)
    exact = lcm(*(share.denominator for share in shares))

    assert whole == (exact if exact <= LARGEST else None)
    assert whole is None or all(share * whole == int(share * whole) <= LARGEST for share in shares)


def test_a_share_beyond_the_whole_does_not_overflow_either():
    assert common_denominator([Fraction(999_999_999, 2), Fraction(1, 2**62)]) is None


def test_a_thousand_coprime_denominators_are_refused_without_a_number_of_thousands_of_digits():
    assert common_denominator(Fraction(1, 999_983 + step) for step in range(1_000)) is None
    assert common_denominator([]) == 1


def test_a_denominator_fits_a_bigint_and_not_one_more():
    assert LARGEST == 9_223_372_036_854_775_807
    assert common_denominator([Fraction(1, LARGEST)]) == LARGEST
    assert common_denominator([Fraction(1, LARGEST + 1)]) is None


@pytest.mark.parametrize(
    ("ownership", "shares", "expected"),
    [
        ("sole", [None], None),
        ("sole", ["1"], None),
        ("sole", ["1/2"], "sole-owner-with-share"),
        ("sole", [], "sole-owner-not-alone"),
        ("sole", [None, None], "sole-owner-not-alone"),
        ("joint", [None, None], None),
        ("joint", [None], "joint-owner-alone"),
        ("joint", [None, "1/2"], "joint-owner-with-share"),
        ("shares", ["1/3", "1/3", "1/3"], None),
        ("shares", ["1"], None),
        ("shares", ["1", None], "share-missing"),
        ("shares", ["1", "0"], "share-missing"),
        ("shares", ["1/2", "1/3"], "shares-not-one"),
        ("shares", ["1/2", "2/3"], "shares-not-one"),
        ("shares", [], "shares-not-one"),
    ],
)
def test_who_does_not_own_the_whole_is_named_by_a_code(ownership, shares, expected):
    assert flaw(ownership, [None if share is None else Fraction(share) for share in shares]) == expected

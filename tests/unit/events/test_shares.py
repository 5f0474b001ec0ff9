"""Are shares held exactly, or refused before anything overflows?"""

from fractions import Fraction
from math import lcm

from hypothesis import given
from hypothesis import strategies as st

from shared.events.shares import LARGEST, common_denominator

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

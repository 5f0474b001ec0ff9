"""Do shares sum to exactly one, and only then?"""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.domain import shares

# Each prime comes with its rest, so both sum to exactly 1: over one denominator of 12 digits, and of 23.
FINE = [Fraction(part, 4 * prime) for prime in (249_989, 249_973) for part in (1, 2 * prime - 1)]
TOO_FINE = [Fraction(part, 8 * prime) for prime in (124_991, 124_987, 124_981, 124_979) for part in (1, 2 * prime - 1)]


@given(st.lists(st.integers(1, 500), min_size=2, max_size=12))
def test_exact_fractions_of_a_whole_are_whole(parts):
    whole = [Fraction(part, sum(parts)) for part in parts]

    assert shares.flaw("shares", whole) is None
    assert shares.flaw("shares", whole[:-1]) == "shares-not-one"


@pytest.mark.parametrize(
    ("ownership", "held", "flaw"),
    [
        ("sole", [None], None),
        ("sole", [Fraction(1)], None),
        ("sole", [None, None], "sole-owner-not-alone"),
        ("sole", [Fraction(1, 2)], "sole-owner-with-share"),
        ("joint", [None, None], None),
        ("joint", [None], "joint-owner-alone"),
        ("joint", [Fraction(1, 2), Fraction(1, 2)], "joint-owner-with-share"),
        ("shares", [Fraction(1, 3)] * 3, None),
        ("shares", [Fraction(1, 3)] * 2, "shares-not-one"),
        ("shares", [Fraction(1, 2), None], "share-missing"),
        ("shares", FINE, None),
        ("shares", TOO_FINE, "shares-too-fine"),
        ("shares", [*TOO_FINE, None], "share-missing"),
    ],
)
def test_each_ownership_has_its_own_whole(ownership, held, flaw):
    assert shares.flaw(ownership, held) == flaw


@pytest.mark.parametrize(
    ("written", "share"),
    [
        ("1/3", Fraction(1, 3)),
        ("2/4", Fraction(1, 2)),
        ("1", Fraction(1)),
        ("0.33", None),
        ("33%", None),
        ("4/3", None),
        ("1/0", None),
    ],
)
def test_a_share_is_a_fraction(written, share):
    assert shares.parsed(written) == share

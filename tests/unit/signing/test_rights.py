"""Are shares exact, and is a change of rights detected?"""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.signing.domain.rights import Rights
from services.signing.store import rights as rows
from shared.events.shares import common_denominator
from shared.refusal import Refused
from tests.unit.signing.builders import a_holder, rights_of

positive = st.fractions(min_value=Fraction(1, 997), max_value=1, max_denominator=997).filter(lambda share: share > 0)


@given(st.lists(st.integers(1, 60), min_size=2, max_size=12))
def test_parts_of_a_whole_are_whole_and_one_part_less_is_not(parts):
    whole = sum(parts)
    holders = [a_holder(f"{part}/{whole}") for part in parts]

    assert rights_of(*holders).flaw() is None
    assert Rights("shares", tuple(holders[1:])).flaw() == "shares-incomplete"
    assert rights_of(*holders, a_holder("1/1000000")).flaw() == "shares-incomplete"


@given(st.lists(positive, min_size=2, max_size=8))
def test_the_database_computes_the_same_sum_of_shares_or_never_receives_them(shares):
    if common_denominator(shares) is None:
        with pytest.raises(Refused, match=r"^shares-too-fine$"):
            rows.rows(rights_of(*[a_holder(str(share)) for share in shares]))
        return
    stored = rows.rows(rights_of(*[a_holder(str(share)) for share in shares]))

    assert len({row["whole"] for row in stored}) == 1
    assert sum(Fraction(row["parts"], row["whole"]) for row in stored) == sum(shares)


@pytest.mark.parametrize(
    ("ownership", "shares", "flaw"),
    [
        ("shares", ["1/3", "1/3", "1/3"], None),
        ("shares", ["1/3", "1/3", None], "shares-incomplete"),
        ("shares", ["2/3", "2/3"], "shares-incomplete"),
        ("joint", [None, None], None),
        ("joint", [None], "joint-owner-alone"),
        ("joint", ["1/2", "1/2"], "joint-owners-have-shares"),
        ("sole", ["1"], None),
        ("sole", [None], None),
        ("sole", ["1/2"], "sole-owner-not-alone"),
        ("sole", ["1/2", "1/2"], "sole-owner-not-alone"),
        ("joint", [], "holders-missing"),
    ],
)
def test_each_ownership_has_its_own_wholeness(ownership, shares, flaw):
    assert rights_of(*map(a_holder, shares), ownership=ownership).flaw() == flaw


def test_a_repeated_person_is_a_flaw():
    holder = a_holder("1/2")

    assert rights_of(holder, holder).flaw() == "holder-twice"


@given(st.randoms())
def test_order_and_spelling_change_no_right(random):
    holders = [a_holder("1/4") for _ in range(4)]
    shuffled = [type(holder)(holder.person_id, "陳**", holder.share, written="2/8") for holder in holders]
    random.shuffle(shuffled)

    assert not rights_of(*holders).differs(rights_of(*shuffled))
    assert rights_of(*holders).differs(rights_of(*holders[:3], a_holder("1/4")))


@pytest.mark.parametrize("changed", [{"share": Fraction(1, 3)}, {"kind": "organisation"}, {"capable": False}])
def test_another_share_kind_or_capacity_of_the_same_holder_is_a_change_of_rights(changed):
    """docs/domain.md: a change of rights disputes them."""
    holder, other = a_holder("1/2"), a_holder("1/2")

    assert rights_of(holder, other).differs(rights_of(replace(holder, **changed), other))


def test_shares_without_a_common_denominator_that_the_database_holds_are_refused():
    primes = (249_989, 249_971, 249_967, 249_947, 249_943)

    with pytest.raises(Refused, match=r"^shares-too-fine$"):
        rights_of(*[a_holder(f"1/{prime}") for prime in primes]).whole()


def test_another_ownership_of_the_same_holders_is_a_change_of_rights():
    holder = a_holder(None)

    assert Rights("sole", (holder,)).differs(Rights("joint", (holder,)))


def test_a_holder_is_capable_unless_the_registry_says_otherwise_and_the_writing_of_a_share_is_no_part_of_them():
    holder = a_holder("1/2")

    assert holder.capable
    assert holder == replace(holder, written="2/4")


def test_the_common_denominator_is_that_of_the_holders_who_have_a_share():
    assert rights_of(a_holder(None), a_holder(None), ownership="joint").whole() == 1
    assert rights_of(a_holder("1/2"), a_holder("1/3")).whole() == 6

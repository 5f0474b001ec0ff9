"""Is the digest the same for the same roll, and different for another roll?"""

import hashlib
from random import Random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from shared.events import examples, roll
from shared.events.registry import UnitRegistered
from shared.events.roll import Line

FEW = st.integers(1, 6).map(lambda number: UUID(int=number))
HOLDERS = st.lists(st.tuples(FEW, st.sampled_from([None, "1", "1/3", "2/3"])), min_size=1, max_size=3).map(tuple)
LINES = st.lists(
    st.builds(Line, st.uuids(), FEW, st.integers(0, 10**6), HOLDERS), max_size=8, unique_by=lambda item: item.unit_id
)


def a_unit(**changes: object) -> UnitRegistered:
    golden = examples.load(examples.of("clearwater.registry.unit.registered.v1")[0])["payload"]
    return UnitRegistered.model_validate({**golden, **changes})


def test_an_unknown_counting_rule_is_none() -> None:
    assert [roll.counting_rule(code) for code in roll.COUNTING_RULES] == [*roll.COUNTING_RULES]
    assert roll.counting_rule("most_units_signed") is None


@given(LINES, st.randoms())
def test_the_order_of_arrival_does_not_matter(lines: list[Line], random: Random) -> None:
    shuffled = [line._replace(right_holders=line.right_holders[::-1]) for line in lines]
    random.shuffle(shuffled)

    assert roll.digest(shuffled) == roll.digest(lines)
    assert roll.totals(shuffled) == roll.totals(lines)


@given(LINES.filter(bool))
def test_any_change_of_what_is_counted_changes_the_digest(lines: list[Line]) -> None:
    first, *rest = lines
    other = UUID(int=99)
    person = first.right_holders[0][0]
    changed = [
        first._replace(household_id=other),
        first._replace(area_hundredths_m2=first.area_hundredths_m2 + 1),
        first._replace(right_holders=(*first.right_holders, (other, None))),
        first._replace(right_holders=((person, "1/7"), *first.right_holders[1:])),
    ]

    digests = {roll.digest([item, *rest]) for item in changed} | {roll.digest(rest), roll.digest(lines)}

    assert len(digests) == len(changed) + 2


def test_a_person_and_a_household_with_two_units_count_once() -> None:
    lines = [roll.line(a_unit()), roll.line(a_unit(unit_id=UUID(int=8)))]

    totals = roll.totals(lines)

    assert (totals.units, totals.households, totals.right_holders, totals.area_hundredths_m2) == (2, 1, 2, 17_900)


def test_the_highest_revision_before_the_freezing_counts() -> None:
    first, second = a_unit(), a_unit(revision=2, area_hundredths_m2=9000)
    later = a_unit(revision=3, right_holders=first.right_holders[:1], after_freeze=True)

    assert roll.current([later, second, first]) == roll.current([first, second, later]) == [roll.line(second)]


def test_the_digest_is_the_one_that_the_manual_describes() -> None:
    unit = a_unit()
    one, two = sorted(f"{holder.person_id}:{holder.share}" for holder in unit.right_holders)
    described = f"{unit.unit_id}|{unit.household_id}|8950|{one},{two}\n"

    assert roll.digest([roll.line(unit)]) == hashlib.sha256(described.encode()).hexdigest()
    without = Line(UUID(int=1), UUID(int=2), 5, ((UUID(int=3), None),))
    described = f"{UUID(int=1)}|{UUID(int=2)}|5|{UUID(int=3)}:-\n"
    assert roll.digest([without]) == hashlib.sha256(described.encode()).hexdigest()
    assert roll.digest([]) == hashlib.sha256(b"").hexdigest()


def test_the_frozen_example_has_the_digest_of_the_units_example() -> None:
    frozen = examples.load(examples.of("clearwater.registry.roll.frozen.v1")[0])

    assert frozen["payload"]["digest"] == roll.digest([roll.line(a_unit())])

"""The count over the frozen roll, the latch, the declaration and its fan-out, the end of a period."""

from datetime import timedelta
from fractions import Fraction
from typing import Any
from uuid import uuid4

import pytest

from services.signing.commands.close_day import CloseDay, close_day
from services.signing.commands.decide_project import ClosePeriod, DeclareEffect, close_period, declare_effect
from services.signing.domain.day import ClosedDay
from shared.events.day import business_day
from shared.messaging.consumer import Rejected
from shared.refusal import Refused
from tests.support.signing import DESK, LAUNCH, District, a_holder

DOCUMENT = "罗府〔2026〕1号"


def declare(district: District) -> None:
    with district.transaction() as tx:
        declare_effect(tx, DeclareEffect(district.project_id, DOCUMENT, DESK), district.clock)


def close(district: District) -> None:
    with district.transaction() as tx:
        close_period(tx, ClosePeriod(district.project_id, DESK), district.clock)


def states(district: District) -> list[str]:
    return [row.state for row in district.rows("select state from agreements order by drafted_at")]


def counts(district: District) -> tuple[int, int, int, int]:
    row = district.rows("select signed_units, signed_households, signed_right_holders, signed_area from projects")[0]
    return tuple(row)


def test_a_right_holder_of_two_units_counts_once_and_when_both_are_signed(district: District) -> None:
    owner = a_holder()
    both = [district.register(owner), district.register(owner)]
    district.register()
    district.freeze()

    district.signed(both[0])
    assert counts(district) == (1, 1, 0, 6518)
    second = district.signed(both[1])
    assert counts(district) == (2, 2, 1, 13036)
    district.rescind(second)
    assert counts(district) == (1, 1, 0, 6518)
    assert district.rows("select total_right_holders from projects")[0].total_right_holders == 2


def test_by_the_other_rule_a_right_holder_counts_with_the_first_of_their_units(district: District) -> None:
    district.open_project(("right_holders", 100), counting_rule="any_unit_signed")
    owner, household = a_holder(), uuid4()
    both = [district.register(owner, household_id=household), district.register(owner, household_id=household)]
    other = district.register()
    district.freeze()

    first = district.signed(both[0])
    assert counts(district) == (1, 0, 1, 6518)  # a household still waits for all its units
    district.signed(both[1])
    assert counts(district) == (2, 1, 1, 13036)
    district.rescind(first)
    assert counts(district) == (1, 0, 1, 6518)
    district.signed(other)

    [(name, reached)] = district.events_of(district.project_id)
    assert (name, reached["counting_rule"]) == ("threshold.reached", "any_unit_signed")
    assert [(basis["signed"], basis["total"]) for basis in reached["bases"]] == [(2, 2)]


def test_an_unknown_counting_rule_is_refused_by_name(district: District) -> None:
    with pytest.raises(Rejected, match="counting rule most_units_signed"):
        district.open_project(counting_rule="most_units_signed")


@pytest.mark.parametrize(
    "other",
    [
        {"counting_rule": "all_units_signed"},
        {"automatic": True},
        {"starts_at": LAUNCH + timedelta(days=1)},
        {"days": 30},
        {"bases": ("units", 80)},
    ],
    ids=lambda other: next(iter(other)),
)
def test_a_project_keeps_its_rules_from_the_freeze_of_the_roll_on(district: District, other: dict[str, Any]) -> None:
    rules: dict[str, Any] = {"counting_rule": "any_unit_signed", "bases": ("units", 60)}

    def opened(*, bases: tuple[str, int], **changed: Any) -> None:
        district.open_project(bases, **changed)

    opened(bases=("units", 90), counting_rule="all_units_signed")
    district.register()
    opened(**rules)  # before the freeze they may change
    district.receive(district.frozen())
    opened(**rules)  # the same event again changes nothing

    with pytest.raises(Rejected, match="whose roll is frozen"):
        opened(**{**rules, **other})
    [kept] = district.rows("select counting_rule, automatic, bases, ends_at from projects")
    assert (kept.counting_rule, kept.automatic, kept.bases[0]["percent"]) == ("any_unit_signed", False, 60)
    assert kept.ends_at == LAUNCH + timedelta(days=15)


def test_the_latch_falls_on_every_basis_once_and_a_rescission_does_not_lift_it(district: District) -> None:
    district.open_project(("units", 50), ("area", 60))
    small = [district.register(area_hundredths_m2=1_000) for _ in range(2)]
    large = [district.register(area_hundredths_m2=4_000) for _ in range(2)]
    district.freeze()
    for unit in small:
        district.signed(unit)
    assert district.types(district.project_id) == []  # half of the units, a fifth of the area

    last = district.signed(large[0])
    assert district.types(district.project_id) == ["threshold.reached"]
    district.rescind(last)
    district.signed(large[1])

    events = district.events_of(district.project_id)
    assert [name for name, _ in events] == ["threshold.reached"]
    printed = {basis["basis"]: (basis["signed"], basis["total"], basis["percent"]) for basis in events[0][1]["bases"]}
    assert printed == {"units": (3, 4, 50), "area": (6_000, 10_000, 60)}
    assert events[0][1]["roll_digest"] == district.frozen().digest


def test_nothing_is_evaluated_before_the_roll_gives_its_digest(district: District) -> None:
    units = [district.register() for _ in range(2)]
    announced, late = district.frozen(), units.pop()
    row = district.units[late]
    district.rows("select 1")
    other = District(district.engine, "440305", district.clock, project_id=uuid4())
    other.open_project()
    first = other.register(project_id=other.project_id)
    missing = row.model_copy(update={"project_id": other.project_id, "unit_id": uuid4()})
    other.units[missing.unit_id] = missing
    other.receive(other.frozen())  # on its own topic, before the last unit

    assert other.fan_out() == 0
    other.signed(first)
    assert counts(other) == (0, 0, 0, 0)
    other.receive(missing)
    other.fan_out()

    assert counts(other) == (1, 1, 1, 6518)
    assert announced.totals.units == 2


def test_a_correction_after_the_freeze_moves_no_denominator(district: District) -> None:
    unit = district.register()
    district.freeze()
    district.correct(unit, area_hundredths_m2=9_999)
    district.signed(unit)

    assert counts(district) == (1, 1, 1, 6518)


def test_the_declaration_takes_effect_everywhere_in_one_instant_and_resumes(district: District) -> None:
    district.open_project(("units", 50))
    units = [district.register() for _ in range(6)]
    district.freeze()
    for unit in units[:5]:
        district.signed(unit)
    declare(district)
    assert district.fan_out(batch=2) == 5

    effective = district.rows("select distinct effective_at from agreements where state = 'effective'")
    declared = district.rows("select declared_at from declarations")[0].declared_at
    assert [row.effective_at for row in effective] == [declared]
    assert district.types(units[0])[-2:] == ["agreement.signed", "agreement.effective"]
    assert district.events_of(units[0])[-1][1]["declaration"] == DOCUMENT
    late = district.signed(units[5])
    assert district.types(units[5])[-2:] == ["agreement.signed", "agreement.effective"]
    assert (
        district.rows(
            "select effective_at, signed_at from agreements join numbers using (agreement_id) where agreement_id = :a",
            a=late,
        )[0][0]
        > declared
    )
    assert district.fan_out() == 0


def test_a_rescission_after_the_declaration_waits_for_the_effect(district: District) -> None:
    district.open_project(("units", 50))
    unit = district.register()
    district.freeze()
    agreement_id = district.signed(unit)
    declare(district)
    district.rescind(agreement_id)
    district.fan_out()

    assert district.types(unit)[-3:] == ["agreement.signed", "agreement.effective", "agreement.rescinded"]


def test_an_automatic_project_declares_with_the_signing_that_completes_it(district: District) -> None:
    district.open_project(("units", 100), automatic=True)
    units = [district.register(), district.register()]
    district.freeze()
    for unit in units:
        district.signed(unit)
    district.fan_out()

    assert district.types(district.project_id) == ["threshold.reached", "effect.declared"]
    assert district.events_of(district.project_id)[1][1]["automatic"] is True
    assert states(district) == ["effective", "effective"]


def test_effect_is_declared_once(district: District) -> None:
    district.signed(district.register())
    with pytest.raises(Refused, match=r"^threshold-not-reached$"):
        declare(district)
    district.freeze()
    declare(district)
    declare(district)

    with pytest.raises(Refused, match=r"^effect-already-declared$"), district.transaction() as tx:
        declare_effect(tx, DeclareEffect(district.project_id, "另一文号", DESK), district.clock)
    assert district.types(district.project_id) == ["threshold.reached", "effect.declared"]


def test_a_period_without_the_threshold_makes_what_was_signed_void(district: District) -> None:
    units = [district.register() for _ in range(3)]
    district.freeze()
    district.signed(units[0])
    district.ready(units[1])
    with pytest.raises(Refused, match=r"^period-still-open$"):
        close(district)
    district.clock.set(LAUNCH + timedelta(days=15))
    close(district)
    close(district)
    assert district.fan_out(batch=1) == 1

    assert states(district) == ["void", "locked"]
    assert district.types(units[0])[-1] == "agreement.void"
    assert district.types(district.project_id) == ["period.closed"]
    assert district.rows("select reason from detachments")[0].reason == "period-ended-without-threshold"
    assert counts(district) == (0, 0, 0, 0)


def test_a_period_with_the_threshold_keeps_everything(district: District) -> None:
    district.open_project(("units", 50))
    units = [district.register(), district.register()]
    district.freeze()
    district.signed(units[0])
    district.clock.set(LAUNCH + timedelta(days=15))
    close(district)
    district.fan_out()

    assert states(district) == ["signed"]
    district.signed(units[1])  # the rest may still join
    assert district.events_of(district.project_id)[-1][1]["threshold_reached"] is True


@pytest.mark.parametrize(("before_end", "signed"), [(timedelta(seconds=-2), True), (timedelta(), False)])
def test_the_end_of_the_period_is_the_first_instant_outside(
    district: District, before_end: timedelta, signed: bool
) -> None:
    unit = district.register()
    district.register()
    district.freeze()
    agreement_id = district.ready(unit)
    district.clock.set(LAUNCH + timedelta(days=15) + before_end)

    if signed:
        district.sign(agreement_id, district.owners(unit)[0])
    else:
        with pytest.raises(Refused, match=r"^period-over$"):
            district.sign(agreement_id, district.owners(unit)[0])
        assert district.rows("select count(*) as many from numbers")[0].many == 0


def test_before_the_period_one_may_pre_register_only(district: District) -> None:
    district.clock.set(LAUNCH - timedelta(hours=1))
    unit = district.register()
    agreement_id = district.ready(unit)

    with pytest.raises(Refused, match=r"^period-not-open$"):
        district.sign(agreement_id, district.owners(unit)[0])


def test_another_roll_after_the_first_was_counted_is_refused(district: District) -> None:
    district.register()
    district.freeze()
    district.register()

    with pytest.raises(Exception, match="another roll"):
        district.receive(district.frozen())


def test_three_thirds_are_whole(district: District) -> None:
    owners = [a_holder("1/3") for _ in range(3)]
    unit = district.register(*owners)
    agreement_id = district.ready(unit)
    for owner in owners:
        signed = district.sign(agreement_id, owner.person_id)

    assert signed.turn and signed.turn.number == 1
    assert sum(Fraction(row.parts, row.whole) for row in district.rows("select parts, whole from locked_holders")) == 1


def test_a_closed_day_stays_and_a_rescission_is_a_negative_of_its_own_day(district: District) -> None:
    first, second = district.signed(district.register()), district.signed(district.register())
    day = business_day(district.clock.now())
    district.clock.set(LAUNCH + timedelta(days=1))
    closed = _closed(district, day)
    district.rescind(first)
    district.clock.set(LAUNCH + timedelta(days=2))
    next_day = _closed(district, day + timedelta(days=1))
    again = _closed(district, day)

    assert (closed.figures["cash"].signed, closed.figures["cash"].net) == (2, 2)
    assert (next_day.figures["cash"].signed, next_day.figures["cash"].undone, next_day.figures["cash"].net) == (
        0,
        1,
        -1,
    )
    assert (closed.restatement, again.restatement) == (0, 1)
    assert second and again.figures["cash"].net == 2


def _closed(district: District, day: object) -> ClosedDay:
    with district.transaction() as tx:
        return close_day(tx, CloseDay(district.project_id, day, DESK), district.clock)  # type: ignore[arg-type]

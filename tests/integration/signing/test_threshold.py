"""The count over the frozen roll, the latch, the declaration and its fan-out, the end of a period."""

from datetime import timedelta
from fractions import Fraction
from uuid import uuid4

import pytest

from services.signing.commands.close_day import CloseDay, close_day
from services.signing.commands.decide_project import ClosePeriod, DeclareEffect, close_period, declare_effect
from services.signing.domain.day import ClosedDay
from services.signing.domain.mandate import business_day
from shared.messaging.consumer import Rejected
from shared.refusal import Refused
from tests.support.signing import DESK, LAUNCH, District, a_holder

DOCUMENT = "罗府〔2026〕1号"


def declare(here: District) -> None:
    with here.transaction() as tx:
        declare_effect(tx, DeclareEffect(here.project_id, DOCUMENT, DESK), here.clock)


def close(here: District) -> None:
    with here.transaction() as tx:
        close_period(tx, ClosePeriod(here.project_id, DESK), here.clock)


def states(here: District) -> list[str]:
    return [row.state for row in here.rows("select state from agreements order by drafted_at")]


def counts(here: District) -> tuple[int, int, int, int]:
    row = here.rows("select signed_units, signed_households, signed_right_holders, signed_area from projects")[0]
    return tuple(row)


def test_a_right_holder_of_two_units_counts_once_and_when_both_are_signed(here: District) -> None:
    owner = a_holder()
    both = [here.register(owner), here.register(owner)]
    here.register()
    here.freeze()

    here.signed(both[0])
    assert counts(here) == (1, 1, 0, 6518)
    second = here.signed(both[1])
    assert counts(here) == (2, 2, 1, 13036)
    here.rescind(second)
    assert counts(here) == (1, 1, 0, 6518)
    assert here.rows("select total_right_holders from projects")[0].total_right_holders == 2


def test_by_the_other_rule_a_right_holder_counts_with_the_first_of_their_units(here: District) -> None:
    here.open_project(("right_holders", 100), counting_rule="any_unit_signed")
    owner, household = a_holder(), uuid4()
    both = [here.register(owner, household_id=household), here.register(owner, household_id=household)]
    other = here.register()
    here.freeze()

    first = here.signed(both[0])
    assert counts(here) == (1, 0, 1, 6518)  # a household still waits for all its units
    here.signed(both[1])
    assert counts(here) == (2, 1, 1, 13036)
    here.rescind(first)
    assert counts(here) == (1, 0, 1, 6518)
    here.signed(other)

    [(name, reached)] = here.said(here.project_id)
    assert (name, reached["counting_rule"]) == ("threshold.reached", "any_unit_signed")
    assert [(each["signed"], each["total"]) for each in reached["bases"]] == [(2, 2)]


def test_a_counting_rule_that_nobody_knows_here_is_refused_and_named(here: District) -> None:
    with pytest.raises(Rejected, match="counting rule most_units_signed"):
        here.open_project(counting_rule="most_units_signed")


def test_what_is_counted_by_one_rule_is_not_counted_on_by_another(here: District) -> None:
    here.open_project(counting_rule="any_unit_signed")
    here.register()
    here.freeze()
    here.open_project(("units", 80), counting_rule="any_unit_signed")

    with pytest.raises(Rejected, match="another counting rule"):
        here.open_project()
    assert here.rows("select counting_rule from projects")[0].counting_rule == "any_unit_signed"


def test_the_latch_falls_on_every_basis_once_and_a_rescission_does_not_lift_it(here: District) -> None:
    here.open_project(("units", 50), ("area", 60))
    small = [here.register(area_hundredths_m2=1_000) for _ in range(2)]
    large = [here.register(area_hundredths_m2=4_000) for _ in range(2)]
    here.freeze()
    for unit in small:
        here.signed(unit)
    assert here.types(here.project_id) == []  # half of the units, a fifth of the area

    last = here.signed(large[0])
    assert here.types(here.project_id) == ["threshold.reached"]
    here.rescind(last)
    here.signed(large[1])

    said = here.said(here.project_id)
    assert [name for name, _ in said] == ["threshold.reached"]
    printed = {basis["basis"]: (basis["signed"], basis["total"], basis["percent"]) for basis in said[0][1]["bases"]}
    assert printed == {"units": (3, 4, 50), "area": (6_000, 10_000, 60)}
    assert said[0][1]["roll_digest"] == here.frozen().digest


def test_nothing_is_evaluated_before_the_roll_gives_its_digest(here: District) -> None:
    units = [here.register() for _ in range(2)]
    announced, late = here.frozen(), units.pop()
    row = here.units[late]
    here.rows("select 1")
    other = District(here.engine, "440305", here.clock, project_id=uuid4())
    other.open_project()
    first = other.register(project_id=other.project_id)
    missing = row.model_copy(update={"project_id": other.project_id, "unit_id": uuid4()})
    other.units[missing.unit_id] = missing
    other.hear(other.frozen())  # on its own topic, before the last unit

    assert other.fan_out() == 0
    other.signed(first)
    assert counts(other) == (0, 0, 0, 0)
    other.hear(missing)
    other.fan_out()

    assert counts(other) == (1, 1, 1, 6518)
    assert announced.totals.units == 2


def test_a_correction_after_the_freeze_moves_no_denominator(here: District) -> None:
    unit = here.register()
    here.freeze()
    here.correct(unit, area_hundredths_m2=9_999)
    here.signed(unit)

    assert counts(here) == (1, 1, 1, 6518)


def test_the_declaration_takes_effect_everywhere_in_one_instant_and_resumes(here: District) -> None:
    here.open_project(("units", 50))
    units = [here.register() for _ in range(6)]
    here.freeze()
    for unit in units[:5]:
        here.signed(unit)
    declare(here)
    assert here.fan_out(batch=2) == 5

    effective = here.rows("select distinct effective_at from agreements where state = 'effective'")
    declared = here.rows("select declared_at from declarations")[0].declared_at
    assert [row.effective_at for row in effective] == [declared]
    assert here.types(units[0])[-2:] == ["agreement.signed", "agreement.effective"]
    assert here.said(units[0])[-1][1]["declaration"] == DOCUMENT
    late = here.signed(units[5])
    assert here.types(units[5])[-2:] == ["agreement.signed", "agreement.effective"]
    assert (
        here.rows(
            "select effective_at, signed_at from agreements join numbers using (agreement_id) where agreement_id = :a",
            a=late,
        )[0][0]
        > declared
    )
    assert here.fan_out() == 0


def test_a_rescission_after_the_declaration_lets_the_effect_go_first(here: District) -> None:
    here.open_project(("units", 50))
    unit = here.register()
    here.freeze()
    agreement_id = here.signed(unit)
    declare(here)
    here.rescind(agreement_id)
    here.fan_out()

    assert here.types(unit)[-3:] == ["agreement.signed", "agreement.effective", "agreement.rescinded"]


def test_an_automatic_project_declares_with_the_signing_that_completes_it(here: District) -> None:
    here.open_project(("units", 100), automatic=True)
    units = [here.register(), here.register()]
    here.freeze()
    for unit in units:
        here.signed(unit)
    here.fan_out()

    assert here.types(here.project_id) == ["threshold.reached", "effect.declared"]
    assert here.said(here.project_id)[1][1]["automatic"] is True
    assert states(here) == ["effective", "effective"]


def test_effect_is_declared_once(here: District) -> None:
    here.signed(here.register())
    with pytest.raises(Refused, match="threshold-not-reached"):
        declare(here)
    here.freeze()
    declare(here)
    declare(here)

    with pytest.raises(Refused, match="effect-already-declared"), here.transaction() as tx:
        declare_effect(tx, DeclareEffect(here.project_id, "另一文号", DESK), here.clock)
    assert here.types(here.project_id) == ["threshold.reached", "effect.declared"]


def test_a_period_without_the_threshold_makes_what_was_signed_void(here: District) -> None:
    units = [here.register() for _ in range(3)]
    here.freeze()
    here.signed(units[0])
    here.ready(units[1])
    with pytest.raises(Refused, match="period-still-open"):
        close(here)
    here.clock.set(LAUNCH + timedelta(days=15))
    close(here)
    close(here)
    assert here.fan_out(batch=1) == 1

    assert states(here) == ["void", "locked"]
    assert here.types(units[0])[-1] == "agreement.void"
    assert here.types(here.project_id) == ["period.closed"]
    assert here.rows("select reason from detachments")[0].reason == "period-ended-without-threshold"
    assert counts(here) == (0, 0, 0, 0)


def test_a_period_with_the_threshold_keeps_everything(here: District) -> None:
    here.open_project(("units", 50))
    units = [here.register(), here.register()]
    here.freeze()
    here.signed(units[0])
    here.clock.set(LAUNCH + timedelta(days=15))
    close(here)
    here.fan_out()

    assert states(here) == ["signed"]
    here.signed(units[1])  # the rest may still join
    assert here.said(here.project_id)[-1][1]["threshold_reached"] is True


@pytest.mark.parametrize(("before_end", "signed"), [(timedelta(seconds=-2), True), (timedelta(), False)])
def test_the_end_of_the_period_is_the_first_instant_outside(
    here: District, before_end: timedelta, signed: bool
) -> None:
    unit = here.register()
    here.register()
    here.freeze()
    agreement_id = here.ready(unit)
    here.clock.set(LAUNCH + timedelta(days=15) + before_end)

    if signed:
        here.sign(agreement_id, here.owners(unit)[0])
    else:
        with pytest.raises(Refused, match="period-over"):
            here.sign(agreement_id, here.owners(unit)[0])
        assert here.rows("select count(*) as many from numbers")[0].many == 0


def test_before_the_period_one_may_pre_register_only(here: District) -> None:
    here.clock.set(LAUNCH - timedelta(hours=1))
    unit = here.register()
    agreement_id = here.ready(unit)

    with pytest.raises(Refused, match="period-not-open"):
        here.sign(agreement_id, here.owners(unit)[0])


def test_another_roll_after_the_first_was_counted_is_refused(here: District) -> None:
    here.register()
    here.freeze()
    here.register()

    with pytest.raises(Exception, match="another roll"):
        here.hear(here.frozen())


def test_three_thirds_are_whole(here: District) -> None:
    owners = [a_holder("1/3") for _ in range(3)]
    unit = here.register(*owners)
    agreement_id = here.ready(unit)
    for owner in owners:
        signed = here.sign(agreement_id, owner.person_id)

    assert signed.turn and signed.turn.number == 1
    assert sum(Fraction(row.parts, row.whole) for row in here.rows("select parts, whole from locked_holders")) == 1


def test_a_closed_day_stays_and_a_rescission_is_a_negative_of_its_own_day(here: District) -> None:
    first, second = here.signed(here.register()), here.signed(here.register())
    day = business_day(here.clock.now())
    here.clock.set(LAUNCH + timedelta(days=1))
    closed = _closed(here, day)
    here.rescind(first)
    here.clock.set(LAUNCH + timedelta(days=2))
    next_day = _closed(here, day + timedelta(days=1))
    again = _closed(here, day)

    assert (closed.figures["cash"].signed, closed.figures["cash"].net) == (2, 2)
    assert (next_day.figures["cash"].signed, next_day.figures["cash"].undone, next_day.figures["cash"].net) == (
        0,
        1,
        -1,
    )
    assert (closed.restatement, again.restatement) == (0, 1)
    assert second and again.figures["cash"].net == 2


def _closed(here: District, day: object) -> ClosedDay:
    with here.transaction() as tx:
        return close_day(tx, CloseDay(here.project_id, day, DESK), here.clock)  # type: ignore[arg-type]

"""A closed day is frozen at a feed number and never changes; later facts make a restatement."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy.exc import DBAPIError

from services.signing.commands.close_day import CloseDay, close_day
from services.signing.commands.decide_project import DeclareEffect, declare_effect
from services.signing.domain.day import ClosedDay
from services.signing.store import days
from shared.events.day import business_day
from shared.refusal import Refused
from shared.service.database import Transaction
from shared.service.steady import BOUND
from tests.support.signing import DESK, LAUNCH, District, a_holder

_COUNT = "select signed_units, signed_households, signed_right_holders, signed_area from projects"
_CHANGES = "select sum(units), sum(households), sum(right_holders), sum(area) from counted"


def closed(district: District, on: date) -> ClosedDay:
    with district.transaction() as tx:
        return close_day(tx, CloseDay(district.project_id, on, DESK), district.clock)


def read_again(tx: Transaction, district: District, day: ClosedDay) -> ClosedDay:
    """Recomputes the day from the feed, up to the number at its closing."""
    bases = days.bases(tx, district.project_id, day.business_on, as_of=day.as_of, total=None)
    return replace(
        day,
        figures=days.figures(tx, district.project_id, day.business_on, as_of=day.as_of),
        bases={name: replace(bases[name], total=base.total) for name, base in day.bases.items()},
    )


def test_the_changes_of_the_feed_add_up_to_the_count_whatever_happens(district: District) -> None:
    both = a_holder()
    early = district.signed(district.register(both))
    district.freeze()
    later = [district.signed(district.register()) for _ in range(2)]
    district.rescind(early)
    district.rescind(later[0])

    assert district.rows(_COUNT) == district.rows(_CHANGES)
    facts = district.rows("select fact, feed_number from counted order by feed_number")
    assert [row.fact for row in facts] == ["signed", "matched", "signed", "signed", "undone", "undone"]
    assert [row.feed_number for row in facts] == [1, 2, 3, 4, 5, 6]


def test_a_closed_day_never_changes_and_later_facts_make_a_restatement(district: District) -> None:
    district.open_project(("units", 50), counting_rule="any_unit_signed")
    units = [district.register() for _ in range(2)]
    district.freeze()
    for unit in units:
        district.signed(unit)
    with district.transaction() as tx:
        declare_effect(tx, DeclareEffect(district.project_id, "罗府〔2026〕1号", DESK), district.clock)
    day = business_day(district.clock.now())
    district.clock.set(LAUNCH + timedelta(days=1))

    first = closed(district, day)
    district.fan_out()  # carries the effect of that day to its cases only now
    again = closed(district, day)

    assert (first.restatement, first.as_of, first.figures["cash"].effective) == (0, 3, 0)
    assert (again.restatement, again.as_of, again.figures["cash"].effective) == (1, 5, 2)
    assert (first.figures["cash"].signed, first.figures["cash"].last_number) == (2, 2)
    assert (first.bases["units"].change, first.bases["units"].signed, first.bases["units"].total) == (2, 2, 2)
    with district.transaction() as tx:
        assert read_again(tx, district, first) == first
        assert read_again(tx, district, again) == again
    closings = [payload for name, payload in district.events_of(district.project_id) if name == "day.closed"]
    assert [(closing["restatement"], closing["as_of"]) for closing in closings] == [(0, 3), (1, 5)]
    kept = district.rows("select counting_rule from days where project_id = :it", it=district.project_id)
    assert {closing["counting_rule"] for closing in closings} == {rule for (rule,) in kept} == {"any_unit_signed"}


@pytest.mark.logs_error("clock jumped")
def test_a_machine_whose_clock_is_behind_closes_a_day_again_later_or_not_at_all(district: District) -> None:
    tomorrow, day = LAUNCH + timedelta(days=1), business_day(LAUNCH)
    district.clock.set(tomorrow)
    first = closed(district, day)

    district.clock.set(tomorrow - timedelta(seconds=5))
    again = closed(district, day)

    assert (again.restatement, again.closed_at > first.closed_at) == (1, True)
    district.clock.set(tomorrow - 2 * BOUND)
    with pytest.raises(Refused, match=r"^clock-jumped$"):
        closed(district, day)


def test_a_day_that_is_closed_again_knows_the_roll_only_if_it_had_matched_by_then(district: District) -> None:
    district.signed(district.register())
    day = business_day(district.clock.now())
    district.clock.set(LAUNCH + timedelta(days=1))
    before = closed(district, day)
    district.freeze()
    again = closed(district, day)

    assert (before.figures["cash"].in_force, again.figures["cash"].in_force) == (1, 1)
    assert [it.bases["units"].total for it in (before, again)] == [None, None]
    assert [it.bases["units"].signed for it in (before, again)] == [0, 0]


def test_a_rescission_is_a_negative_of_its_own_day_on_every_basis(district: District) -> None:
    district.register()
    signed = district.signed(district.register())
    district.freeze()
    day = business_day(district.clock.now())
    district.clock.set(LAUNCH + timedelta(days=1))
    yesterday = closed(district, day)
    district.rescind(signed)
    district.clock.set(LAUNCH + timedelta(days=2))
    today = closed(district, day + timedelta(days=1))

    assert (yesterday.bases["units"].signed, yesterday.bases["area"].signed) == (1, 6_518)
    assert (today.figures["cash"].signed, today.figures["cash"].undone, today.figures["cash"].net) == (0, 1, -1)
    assert (today.bases["units"].change, today.bases["units"].signed, today.bases["units"].total) == (-1, 0, 2)
    assert today.bases["area"].change == -6_518
    assert closed(district, day).bases == yesterday.bases


_FED = "insert into counted select district, project_id, feed_number + {}, {}, agreement_id, {}, 0, 0, 0, happened_at from counted"


@pytest.mark.parametrize(
    ("breach", "refusal"),
    [
        pytest.param(_FED.format(2, "'undone'", 0), "feed number 3 does not follow", id="a gap"),
        pytest.param(_FED.format(1, "fact", 0), "counted_agreement_id_fact_key", id="twice"),
        pytest.param(_FED.format(1, "'undone'", 1), "counted_check2", id="the wrong sign"),
        pytest.param("update counted set units = 7", "permission denied", id="changed"),
        pytest.param("delete from counted", "permission denied", id="removed"),
        pytest.param("update days set figures = '{}'", "permission denied", id="another report"),
    ],
)
def test_the_database_enforces_the_feed(district: District, breach: str, refusal: str) -> None:
    district.signed(district.register())
    district.clock.set(LAUNCH + timedelta(days=1))
    closed(district, business_day(LAUNCH))

    with pytest.raises(DBAPIError, match=refusal), district.transaction() as tx:
        tx.connection.exec_driver_sql(breach)
    assert district.rows("select max(feed_number) from counted") == [(1,)]

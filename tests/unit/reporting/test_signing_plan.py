"""The planned count at an instant, and its curve over a day."""

from datetime import UTC, datetime, timedelta

from services.reporting.domain import pace, signing_plan

MIDNIGHT = datetime(2026, 11, 28, tzinfo=UTC)
PLAN = [(MIDNIGHT, 0), (MIDNIGHT + timedelta(hours=9), 90), (MIDNIGHT + timedelta(hours=12), 91)]


def test_the_count_is_linear_between_two_points_and_cut_to_whole_units():
    assert signing_plan.count_at(PLAN, MIDNIGHT + timedelta(hours=1, minutes=3)) == 10
    assert signing_plan.count_at(PLAN, MIDNIGHT + timedelta(hours=9)) == 90
    assert signing_plan.count_at(PLAN, MIDNIGHT + timedelta(hours=11, minutes=59)) == 90


def test_before_the_period_nothing_is_planned_and_after_the_last_point_its_count():
    assert signing_plan.count_at(PLAN, MIDNIGHT - timedelta(days=1)) == 0
    assert signing_plan.count_at(PLAN, MIDNIGHT + timedelta(hours=12)) == 91
    assert signing_plan.count_at(PLAN, MIDNIGHT + timedelta(days=9)) == 91


def test_a_curve_has_the_planned_count_at_both_its_ends():
    start, end = MIDNIGHT + timedelta(hours=8), MIDNIGHT + timedelta(hours=20)

    assert signing_plan.within(PLAN, start, end) == [(start, 80), PLAN[1], PLAN[2], (end, 91)]


def test_the_pace_says_how_far_the_count_is_ahead_of_the_plan():
    now = MIDNIGHT + timedelta(hours=9)
    for count, ahead in ((100, 10), (90, 0), (70, -20)):
        drawn = pace.pace([(MIDNIGHT, 0), (now, count)], now=now, total=1_708, plan=PLAN)

        assert drawn.ahead == ahead
        assert drawn.plan.startswith("M0.0 ") and drawn.plan.count("L") == 3


def test_without_a_plan_there_is_no_curve_and_no_comparison():
    drawn = pace.pace([(MIDNIGHT, 0)], now=MIDNIGHT + timedelta(hours=9), total=1_708)

    assert (drawn.plan, drawn.ahead) == ("", None)

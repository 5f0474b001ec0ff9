"""The line of the day: where its points are drawn, and which hours its field shows."""

from datetime import UTC, datetime, timedelta

import pytest

from services.reporting.domain.pace import pace

MIDNIGHT = datetime(2026, 11, 28, tzinfo=UTC)
DESKS = ((0.0, 8), (124.0, 12), (248.0, 16), (372.0, 20))
WHOLE = tuple((62.0 * number, 4 * number) for number in range(7))
EVENING = ((0.0, 8), (93.0, 12), (186.0, 16), (279.0, 20), (372.0, 24))


def at(hour: int, minute: int = 0) -> datetime:
    return MIDNIGHT + timedelta(hours=hour, minutes=minute)


def test_the_line_steps_up_at_each_signing_and_ends_now():
    drawn = pace([(at(0), 10), (at(9), 12), (at(14), 20)], now=at(17), total=100)

    assert drawn.path == "M0.0 193.0H31.0V189.2H186.0V174.0H279.0V174.0"
    assert (drawn.x, drawn.y, drawn.gained, drawn.recent) == (279.0, 174.0, 10, 0)


@pytest.mark.parametrize(
    ("signed", "now", "hours"),
    [
        (at(8), at(19, 59), DESKS),
        (at(7, 59), at(9), WHOLE),
        (at(7, 59), at(21), WHOLE),
        (at(0), at(7, 59), WHOLE),
        (at(8), at(20), EVENING),
    ],
)
def test_a_day_with_signings_outside_the_opening_hours_is_drawn_whole(signed, now, hours):
    assert pace([(at(0), 0), (signed, 1)], now=now, total=10).hours == hours


def test_the_count_at_the_beginning_of_the_day_makes_it_no_early_day():
    assert pace([(at(0), 5)], now=at(8), total=10).hours == DESKS


def test_a_field_is_as_high_as_the_total_or_whatever_is_more():
    def top(total: int, count: int, plan: int = 0) -> float:
        planned = [(at(0), 0), (at(8), plan)] if plan else []
        return pace([(at(0), 0), (at(9), count)], now=at(9), total=total, plan=planned).y

    assert (top(10, 10), top(10, 20), top(20, 10), top(10, 10, plan=20)) == (22.0, 22.0, 117.0, 117.0)
    assert pace([(at(0), 0)], now=at(9), total=0).y == 212.0
    assert top(0, 1) == 22.0


def test_the_line_of_the_plan_is_in_the_same_field():
    plan = [(at(0), 0), (at(14), 50), (at(20), 100)]

    assert pace([(at(0), 0)], now=at(9), total=100, plan=plan).plan == "M0.0 158.8L186.0 117.0L372.0 22.0"


def test_a_signing_later_than_now_ends_the_line():
    assert pace([(at(0), 0), (at(14), 1)], now=at(9), total=10).x == 186.0

"""Does the demo's day end at the rate that it promises, at any size, and does its clock go on without a jump?"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.demo import day, plan, speed
from deploy.demo.desk import Ready, Signed
from deploy.demo.launch import Pace, Queue
from deploy.demo.people import Stuck
from deploy.demo.playing import Programme, anew
from deploy.images import running
from deploy.local.place import Place
from shared.service.clock import Watched

OPENS = datetime(2026, 11, 28, 1, tzinfo=UTC)


def rows(count):
    return [
        {
            "unit_id": f"unit {number}",
            "unit_code": f"U{number:05}",
            "right_holders": 1 + number % 3,
            "area_hundredths_m2": 4_200 + number * 137 % 7_600,
            "compound": "云汀里", "building": "1栋", "door": str(number),
        }
        for number in range(count)
    ]  # fmt: skip


def turns(count):
    return plan.of("440303", rows(count), waits=plan.never_sign(count), opens_at=OPENS)


def test_the_reference_day_ends_at_1624_of_1708_which_is_95_08_percent():
    signed = len(turns(1_708)) - 1  # one is rescinded

    assert signed == 1_624
    assert signed * 10_000 // 1_708 == 9_508


@pytest.mark.parametrize("count", [8, 40, 333, 1_708])
def test_both_bases_pass_95_percent_while_the_last_owners_are_still_to_come(count):
    every, signing = rows(count), {turn.unit_id for turn in turns(count)}
    for basis in ("right_holders", "area_hundredths_m2"):
        assert (
            sum(row[basis] for row in every if row["unit_id"] in signing) * 100 >= sum(row[basis] for row in every) * 95
        ), basis


@pytest.mark.parametrize("count", [1, 40, 1_708])
def test_all_are_due_between_the_doors_opening_and_nine_in_the_evening_in_the_same_order_in_each_run(count):
    due = [turn.due_at for turn in turns(count)]

    assert due == sorted(due)
    assert due[0] == OPENS
    assert due[-1] < OPENS + plan.DAY
    assert turns(count) == turns(count)


def test_the_second_project_has_120_units_beside_the_first_one():
    assert Programme().sizes == (1_708, 120)
    assert Programme(units=40).sizes == (40, 8)


def test_who_is_due_is_signed_before_anything_is_prepared():
    queue = Queue.of(turns(40))
    first = queue.next(OPENS)
    assert first is not None and first.due_at == OPENS
    queue.prepared(first, ready(first))
    before = queue.next(OPENS - timedelta(seconds=1))
    assert before is not None and before.unit_id != first.unit_id  # not due yet, so another file is prepared

    assert queue.next(OPENS) == first


def test_a_unit_that_a_service_refuses_is_named_and_the_day_goes_on():
    queue = Queue.of(turns(1))
    turn = queue.next(OPENS)
    assert turn is not None
    assert not queue.empty
    queue.done(turn, None, reason="rights disputed")

    assert queue.empty
    assert queue.refused == ["云汀里1栋0: rights disputed"]


def test_the_clock_waits_for_the_desks_and_takes_up_its_speed_again(tmp_path: Path):
    place, queue = Place(tmp_path, 18_000), Queue.of(turns(40))
    day.run_at(place, 0, first=OPENS + timedelta(hours=6))
    pace = Pace(place, queue, lambda: 144.0, until=OPENS + timedelta(days=1), desks=2)
    pace.keep()
    assert 1 <= pace.speed < 144
    while turn := queue.next(OPENS):
        queue.prepared(turn, ready(turn))
        if (same := queue.next(OPENS + plan.DAY)) is not None:
            queue.done(same, signed(same))
    for _ in range(10):
        pace.keep()

    assert pace.speed == 144
    assert queue.overdue(OPENS + plan.DAY) == 0


@pytest.mark.parametrize("minutes", [60, 10, 1])
def test_the_day_does_not_end_while_anybody_is_still_to_sign(tmp_path: Path, minutes):
    place, until = Place(tmp_path, 18_000), OPENS + timedelta(hours=14)
    day.run_at(place, 0, first=until - timedelta(minutes=minutes))
    pace = Pace(place, Queue.of(turns(40)), lambda: 100_000.0, until=until, desks=1_000)
    pace.keep()

    assert 1 <= pace.speed <= minutes * 60 / 20  # so that twenty seconds pass before it ends


def test_a_night_passes_at_once_and_no_process_sees_a_jump(tmp_path: Path):
    place = Place(tmp_path, 18_000)
    day.run_at(place, 600, first=day.DAYS_BEFORE)
    idle = day.clock(place)
    assert isinstance(idle, Watched)
    idle.now()
    day.skip_to(place, day.at(day.LAUNCH_ON, "09:00"))
    day.run_at(place, 144)
    day.run_at(place, 0)
    day.skip_to(place, day.at(day.LAUNCH_ON, "08:30", days=1))

    assert idle.strayed() == timedelta()
    assert abs(idle.now() - day.at(day.LAUNCH_ON, "08:30", days=1)) < timedelta(minutes=2)
    assert day.begin(place, speed=0) >= day.at(day.LAUNCH_ON, "08:30", days=1)


@pytest.mark.parametrize("given", ["", "0", "-4", "0.5", "fast", "inf", "nan"])
def test_a_speed_that_is_none_is_refused_in_one_line(given):
    with pytest.raises(Stuck, match="is no speed: choose"):
        speed.read(given)


def test_a_speed_that_was_chosen_holds_until_another_is(tmp_path: Path):
    place = Place(tmp_path, 18_000)
    assert speed.chosen(place) == 144
    for wanted in (30.0, 1.0):
        speed.choose(place, wanted)
        assert speed.chosen(place) == wanted


def ready(turn):
    return Ready(turn.unit_id, f"agreement of {turn.unit_id}", (), "")


def signed(turn):
    return Signed(turn.unit_id, f"agreement of {turn.unit_id}", "cash", 1, "", OPENS, 0.1)


def test_the_end_of_the_demo_names_the_command_for_another_day(tmp_path: Path):
    assert anew(Place(tmp_path, 18_000)) == "`make demo FRESH=1` begins another"
    assert anew(Place(running.SHARED, 18_000, tls=True)) == "`make demo FRESH=1 CONTAINERS=yes` says how another begins"

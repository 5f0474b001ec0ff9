"""Is a changed clock detected, and is idle time never taken for a change?"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from shared.service import clock
from shared.service.steady import BOUND, Steady

NOON = datetime(2026, 11, 28, 4, tzinfo=UTC)
STEPS = st.lists(st.tuples(st.integers(0, 10**7), st.integers(-50, 50)), max_size=8)


class Machine:
    """Time since boot, and a wall clock that may be off."""

    def __init__(self) -> None:
        self.seconds, self.off = 100.0, timedelta()
        self.steady = Steady(read_wall=self.wall, read_since_boot=lambda: self.seconds)

    def wall(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds) + self.off


@given(STEPS)
def test_idle_time_and_small_corrections_are_no_jump(steps):
    machine = Machine()
    for idle, correction in steps:
        machine.seconds += idle
        machine.off += timedelta(seconds=correction)
        assert machine.steady.strayed() == timedelta()


@given(st.integers(0, 10**6), st.integers(61, 10**8), st.sampled_from([1, -1]))
def test_a_changed_clock_is_off_until_it_is_corrected(idle, seconds, direction):
    machine, by = Machine(), timedelta(seconds=seconds) * direction
    machine.off = by
    machine.seconds += idle

    assert abs(machine.steady.strayed() - by) < timedelta(milliseconds=1)
    machine.seconds += idle
    assert abs(machine.steady.strayed() - by) < timedelta(milliseconds=1)
    machine.off = timedelta()
    assert machine.steady.strayed() == timedelta()


def set_clock(file: Path, business_at: datetime, *, speed: float, real_at: datetime) -> None:
    setting = {"business_at": business_at.isoformat(), "real_at": real_at.isoformat(), "speed": speed}
    new = file.with_suffix(".new")
    new.write_text(json.dumps(setting))
    new.rename(file)


def test_another_speed_of_the_same_day_does_not_count_as_a_jump_but_another_day_does(tmp_path: Path):
    file, began = tmp_path / "clock.json", datetime.now(UTC) - timedelta(hours=1)
    paced = clock.at_start(str(file))
    assert isinstance(paced, clock.Watched)
    assert paced.strayed() == timedelta()
    set_clock(file, NOON, speed=60, real_at=began)
    assert paced.strayed() == timedelta()  # the day has begun
    half = began + timedelta(minutes=30)
    set_clock(file, NOON + timedelta(hours=30), speed=1, real_at=half)
    assert paced.strayed() == timedelta()

    for by in (2 * BOUND, -2 * BOUND, timedelta(days=3)):
        set_clock(file, NOON + timedelta(hours=30) + by, speed=1, real_at=half)
        assert paced.strayed() == by
        set_clock(file, NOON + timedelta(hours=30) + by, speed=60, real_at=half)
        assert paced.strayed() == by  # another speed does not correct it
        set_clock(file, NOON + timedelta(hours=30), speed=1, real_at=half)
        assert paced.strayed() == timedelta()


def test_a_process_that_was_idle_while_the_speed_changed_twice_sees_no_jump(tmp_path: Path):
    file, began = tmp_path / "clock.json", datetime.now(UTC) - timedelta(hours=1)
    set_clock(file, NOON, speed=1, real_at=began)
    idle = clock.at_start(str(file))
    assert isinstance(idle, clock.Watched)
    idle.now()
    fast = {"business_at": NOON + timedelta(minutes=10), "real_at": began + timedelta(minutes=10), "speed": 60}
    calm = {"business_at": NOON + timedelta(minutes=310), "real_at": began + timedelta(minutes=15), "speed": 2}
    first = {"business_at": NOON, "real_at": began, "speed": 1}
    file.write_text(json.dumps({**calm, "before": [first, fast]}, default=datetime.isoformat))

    assert idle.strayed() == timedelta()
    assert idle.now() > NOON + timedelta(minutes=310)


def test_the_real_clock_is_watched_and_well():
    real = clock.at_start("")

    assert isinstance(real, clock.Watched)
    assert real.strayed() == timedelta()
    assert abs(real.real() - real.now()) < timedelta(seconds=5)

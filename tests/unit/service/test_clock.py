"""Does the business clock keep its speed, survive a restart and never run back?"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shared.service import clock

LAUNCH = datetime(2026, 5, 31, 1, tzinfo=UTC)


def set_clock(file: Path, business_at: datetime, *, speed: float, real_at: datetime | None = None) -> None:
    setting = {
        "business_at": business_at.isoformat(),
        "real_at": (real_at or datetime.now(UTC)).isoformat(),
        "speed": speed,
    }
    new = file.with_suffix(".new")
    new.write_text(json.dumps(setting), encoding="utf-8")
    new.rename(file)


def test_the_business_clock_is_real_time_until_it_is_set(tmp_path: Path) -> None:
    paced = clock.at_start(str(tmp_path / "clock.json"))
    assert abs(paced.now() - datetime.now(UTC)) < timedelta(seconds=5)

    set_clock(tmp_path / "clock.json", LAUNCH, speed=1)
    assert timedelta() <= paced.now() - LAUNCH < timedelta(seconds=5)


def test_the_business_clock_runs_at_its_speed(tmp_path: Path) -> None:
    set_clock(tmp_path / "clock.json", LAUNCH, speed=60, real_at=datetime.now(UTC) - timedelta(minutes=1))

    assert (
        timedelta(hours=1)
        <= clock.at_start(str(tmp_path / "clock.json")).now() - LAUNCH
        < timedelta(hours=1, minutes=5)
    )


def test_a_small_step_back_stops_the_clock_and_a_new_day_is_followed(tmp_path: Path) -> None:
    file = tmp_path / "clock.json"
    set_clock(file, LAUNCH, speed=0)
    paced = clock.at_start(str(file))
    first = paced.now()

    set_clock(file, LAUNCH - timedelta(seconds=30), speed=0)
    assert paced.now() == first
    set_clock(file, LAUNCH - timedelta(days=1), speed=0)
    assert paced.now() == LAUNCH - timedelta(days=1)


def test_without_a_file_the_clock_is_real_time() -> None:
    assert isinstance(clock.at_start(""), clock.RealClock)

"""The business clock of the demo. Every process reads the same file; only the demo writes it.

Invariant: it is set once and then only goes on, at whatever speed; a second run of the demo continues the day it finds. Each setting
begins where the one before it stands, and the file keeps the earlier ones, so that no process sees a jump (shared/service/clock.py).
"""

import json
import os
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from deploy.local.place import Place
from shared.events.day import SHANGHAI, business_day
from shared.service.clock import Clock, PacedClock

LAUNCH_ON = date(2026, 11, 28)
_LAUNCH = datetime(2026, 11, 28, 9, 0, tzinfo=SHANGHAI)
DAYS_BEFORE = datetime(2026, 11, 25, 9, 0, tzinfo=SHANGHAI)
_SKIP_SECONDS, _LAST_SPEED = 0.6, 60.0
_KEPT = 500  # settings


def begin(place: Place, *, speed: float, at: datetime = _LAUNCH) -> datetime:
    """Starts the day, or goes on with the one that has begun. Returns the business instant."""
    run_at(place, speed, first=at)
    return clock(place).now()


def run_at(place: Place, speed: float, *, first: datetime = _LAUNCH) -> None:
    """From now on at `speed` business seconds in a real one; 0 stops it. `first`: where it begins, if it has not begun."""
    file, now = _file(place), datetime.now(UTC)
    before = _settings(file)
    business_at = _reading(before[-1], now) if before else first.astimezone(UTC)
    setting = {"business_at": business_at.isoformat(), "real_at": now.isoformat(), "speed": speed}
    new = file.with_suffix(".new")
    new.write_text(json.dumps({**setting, "before": before[-_KEPT:]}), encoding="utf-8")
    os.replace(new, file)  # noqa: PTH105 - replaced in one step, so that no process reads half of it


def skip_to(place: Place, instant: datetime) -> None:
    """Lets the time until then pass in a few seconds, and stops the clock there."""
    reading = clock(place)
    while (left := (instant - reading.now()).total_seconds()) > 0:
        run_at(place, max(_LAST_SPEED, left / _SKIP_SECONDS))
        # Only a part of what is left, so that a machine that wakes us late does not carry the day too far.
        time.sleep(_SKIP_SECONDS / 2 if left > _LAST_SPEED else left / _LAST_SPEED)
    run_at(place, 0)


def calm_down(place: Place) -> None:
    """Continues at the pace of real time, so that there is time to look around."""
    run_at(place, 1.0)


def next_launch(place: Place) -> date:
    """The day on which a project that is opened now is launched: three days on, or the sample's own day."""
    return max(LAUNCH_ON, business_day(clock(place).now()) + timedelta(days=3))


def has_begun(place: Place) -> bool:
    return _file(place).exists()


def clock(place: Place) -> Clock:
    """The clock that the processes of this installation read; real time until the day has begun."""
    return PacedClock(_file(place))


def at(on: date, clock_time: str, *, days: int = 0) -> datetime:
    """A time in Shanghai such as 20:30 of that day, or of a day after it."""
    hour, minute = map(int, clock_time.split(":"))
    return datetime(on.year, on.month, on.day, hour, minute, tzinfo=SHANGHAI) + timedelta(days)


def _file(place: Place) -> Path:
    return place.path("clock.json")


def _settings(file: Path) -> list[dict[str, Any]]:
    """All that are known, the oldest first."""
    if not file.exists():
        return []
    last = json.loads(file.read_text(encoding="utf-8"))
    return [*last.pop("before", ()), last]


def _reading(setting: dict[str, Any], now: datetime) -> datetime:
    business_at, real_at = (datetime.fromisoformat(setting[name]) for name in ("business_at", "real_at"))
    return business_at + (now - real_at) * float(setting["speed"])

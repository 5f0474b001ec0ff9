"""The business clock of the demo: launch day, nine in the morning, running at SPEED. Every process reads the same file.

Invariant: it is set once and then only goes on; a second run of the demo continues the day it finds.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from deploy.local.place import Place
from shared.events.day import SHANGHAI
from shared.service.clock import Clock, PacedClock

_LAUNCH = datetime(2026, 11, 28, 9, 0, tzinfo=SHANGHAI)


def begin(place: Place, *, speed: float) -> datetime:
    """Starts the day, or goes on with the one that has begun. Returns the business instant."""
    file = _file(place)
    business_at = PacedClock(file).now() if file.exists() else _LAUNCH.astimezone(UTC)
    _write(file, business_at, speed=speed)
    return business_at


def calm_down(place: Place) -> None:
    """Continues at the pace of real time, so that there is time to look around."""
    file = _file(place)
    _write(file, PacedClock(file).now(), speed=1.0)


def clock(place: Place) -> Clock:
    """The clock that the processes of this installation read; real time until the day has begun."""
    return PacedClock(_file(place))


def _file(place: Place) -> Path:
    return place.path("clock.json")


def _write(file: Path, business_at: datetime, *, speed: float) -> None:
    setting = {"business_at": business_at.isoformat(), "real_at": datetime.now(UTC).isoformat(), "speed": speed}
    new = file.with_suffix(".new")
    new.write_text(json.dumps(setting), encoding="utf-8")
    os.replace(new, file)  # noqa: PTH105 - replaced in one step, so that no process reads half of it

"""The business clock: the only source of instants that mean something to the domain.

Real time by default. The demo's launch day is persisted in a file that every process reads, and runs at `speed`.
Invariant: within a process it does not go backwards, unless somebody sets the day itself anew.
Code that orders something by a clock asks whether the clock can be believed (`Watched`).
Left to others: `ce_time`, lag, tokens and retries, which live in real time; the instant that orders something, which
the store takes under the lock that orders it.
"""

import json
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

from shared.service.steady import BOUND, Steady, wall

_SETBACK = timedelta(minutes=1)  # less is a race between two settings of one day and is waited out; more is a new day


class Clock(Protocol):
    def now(self) -> datetime:
        """An aware instant in UTC."""


@runtime_checkable
class Watched(Protocol):
    """A clock that knows when it has been set while it ran."""

    def strayed(self) -> timedelta:
        """How far the clock is off; zero for up to steady.BOUND."""

    def real(self) -> datetime:
        """The machine's own instant, without the business clock."""


class RealClock:
    def __init__(self) -> None:
        self._steady = Steady()

    def now(self) -> datetime:
        return wall()

    def strayed(self) -> timedelta:
        return self._steady.strayed()

    def real(self) -> datetime:
        return wall()


class Setting(NamedTuple):
    """From `real_at` on, where the business clock stands at `business_at`, it runs at `speed`."""

    business_at: datetime
    real_at: datetime
    speed: float

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Setting":
        business_at, real_at = (datetime.fromisoformat(values[name]) for name in ("business_at", "real_at"))
        return cls(business_at.astimezone(UTC), real_at.astimezone(UTC), float(values["speed"]))

    def at(self, real: datetime) -> datetime:
        return self.business_at + (real - self.real_at) * self.speed


class PacedClock:
    """Reads {"business_at": …, "real_at": …, "speed": …, "before": […]}; the file must be replaced atomically. Real time
    until it exists. A setting that goes on with the day of the one before, at whatever speed, is no jump; another day is.
    `before` lists the earlier settings, the oldest first, for a process that was idle while they were in force.
    """

    def __init__(self, file: Path) -> None:
        self._file, self._lock = file, threading.Lock()
        self._steady, self._set_by = Steady(), timedelta()
        self._version: tuple[int, int] | None = None
        self._setting: Setting | None = None
        self._settings: Sequence[Setting] = ()
        self._last = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        with self._lock:
            self._reread()
            instant = wall() if self._setting is None else self._setting.at(wall())
            if instant > self._last or self._last - instant > _SETBACK:
                self._last = instant
            return self._last

    def strayed(self) -> timedelta:
        with self._lock:
            self._reread()
            return self._set_by or self._steady.strayed()

    def real(self) -> datetime:
        return wall()

    def settings(self) -> Sequence[Setting]:
        """The oldest first; none is real time."""
        with self._lock:
            self._reread()
            return self._settings

    def _reread(self) -> None:
        try:
            status = self._file.stat()
        except FileNotFoundError:
            self._version, self._setting, self._settings = None, None, ()
            return
        if (version := (status.st_ino, status.st_mtime_ns)) != self._version:
            values = json.loads(self._file.read_text(encoding="utf-8"))
            self._settings = *earlier, last = [Setting.of(setting) for setting in (*values.get("before", ()), values)]
            known = self._setting
            for setting in (*(jump for jump in earlier if known and jump.real_at > known.real_at), last):
                self._take(setting)
            self._version = version

    def _take(self, setting: Setting) -> None:
        """The first setting begins the day. The jump of a later setting counts until other settings have taken it back."""
        if self._setting is not None:
            off = self._set_by + setting.business_at - self._setting.at(setting.real_at)
            self._set_by = off if abs(off) > BOUND else timedelta()
        self._setting = setting


def at_start(path: str) -> Clock:
    """The clock named by CLOCK_FILE; empty means real time."""
    return PacedClock(Path(path)) if path else RealClock()

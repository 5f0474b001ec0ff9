"""The business clock: the only source of instants that mean something to the domain.

Real time by default. The demo's launch day is persisted in a file that every process reads, and runs at `speed`.
Stays true: within a process it does not go backwards, unless somebody sets the day itself anew.
Left to others: `ce_time`, lag, tokens and retries, which live in real time; the instant that orders something, which
the store takes under the lock that orders it.
"""

import json
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
_SETBACK = timedelta(minutes=1)  # less is a race between two settings of one day and is waited out; more is a new day


class Clock(Protocol):
    def now(self) -> datetime:
        """An aware instant in UTC."""


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class _Setting(NamedTuple):
    business_at: datetime
    real_at: datetime
    speed: float


class PacedClock:
    """Reads {"business_at": …, "real_at": …, "speed": …}; the file must be replaced atomically. Real time until it
    exists.
    """

    def __init__(self, file: Path) -> None:
        self._file, self._lock = file, threading.Lock()
        self._version: tuple[int, int] | None = None
        self._setting: _Setting | None = None
        self._last = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        with self._lock:
            self._reread()
            instant = self._reading(datetime.now(UTC))
            if instant > self._last or self._last - instant > _SETBACK:
                self._last = instant
            return self._last

    def _reading(self, real: datetime) -> datetime:
        if self._setting is None:
            return real
        return self._setting.business_at + (real - self._setting.real_at) * self._setting.speed

    def _reread(self) -> None:
        try:
            status = self._file.stat()
        except FileNotFoundError:
            self._version = self._setting = None
            return
        if (version := (status.st_ino, status.st_mtime_ns)) != self._version:
            told = json.loads(self._file.read_text(encoding="utf-8"))
            business_at, real_at = (datetime.fromisoformat(told[name]) for name in ("business_at", "real_at"))
            self._setting = _Setting(business_at.astimezone(UTC), real_at.astimezone(UTC), float(told["speed"]))
            self._version = version


def at_start(path: str) -> Clock:
    """The clock named by CLOCK_FILE; empty means real time."""
    return PacedClock(Path(path)) if path else RealClock()


def business_day(instant: datetime) -> date:
    """The calendar day on which an instant counts, wherever the reader sits."""
    return instant.astimezone(SHANGHAI).date()

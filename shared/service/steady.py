"""Whether a wall clock has been set: it is compared with the machine's time since boot, which cannot be set.

Invariant: both clocks run alike while the process is idle, so idle time is no jump. A step of less than a minute is taken as a
correction. After a larger one the clock has strayed until it is back, or until the process is started anew, which takes the clock as
it then is. It knows nothing of a wrong clock that was there at the start: for that, clocks of two machines are compared (signing).
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

BOUND = timedelta(minutes=1)  # a clock that is off by more writes nothing that orders something


def since_boot() -> float:
    """Seconds, asleep or awake, where the machine tells them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def wall() -> datetime:
    return datetime.now(UTC)


class Steady:
    def __init__(
        self, *, read_wall: Callable[[], datetime] = wall, read_since_boot: Callable[[], float] = since_boot
    ) -> None:
        self._read_wall, self._read_since_boot = read_wall, read_since_boot
        self._lock = threading.Lock()
        self._wall, self._since_boot = read_wall(), read_since_boot()

    def strayed(self) -> timedelta:
        """How far the wall clock is off; zero for up to BOUND."""
        with self._lock:
            at, seconds = self._read_wall(), self._read_since_boot()
            off = at - self._wall - timedelta(seconds=seconds - self._since_boot)
            if abs(off) > BOUND:
                return off
            self._wall, self._since_boot = at, seconds
            return timedelta()

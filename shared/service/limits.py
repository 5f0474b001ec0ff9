"""How many requests one subject may send: a bucket of `burst` that refills at `per_second`.

Counted per process, in memory: a protection against a client in an endless loop, not a quota. A client of two processes may send twice
as many, and the front door counts nothing.
"""

import threading
import time

_REMEMBERED = 10_000


class Limits:
    def __init__(self, *, per_second: float = 100.0, burst: float = 300.0) -> None:
        self._per_second, self._burst, self._lock = per_second, burst, threading.Lock()
        self._buckets: dict[str, tuple[float, float]] = {}

    def wait_seconds(self, subject: str) -> float:
        """0 and one request taken from the bucket, or how long to wait."""
        with self._lock:
            now = time.monotonic()
            left, at = self._buckets.get(subject, (self._burst, now))
            left = min(self._burst, left + (now - at) * self._per_second)
            if len(self._buckets) > _REMEMBERED:
                self._buckets.clear()
            self._buckets[subject] = (left - 1 if left >= 1 else left, now)
            return 0.0 if left >= 1 else (1 - left) / self._per_second

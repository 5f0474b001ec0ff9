"""Waits for something to become true, and says what it saw last when it does not."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(probe: Callable[[], T], *, seconds: float = 60.0, every_seconds: float = 0.1) -> T:
    """The first true answer of `probe`. Fails with the last observation, an answer or an AssertionError."""
    patience, last = time.monotonic() + seconds, "nothing yet"
    while True:
        try:
            if found := probe():
                return found
            last = repr(found)
        except AssertionError as failure:
            last = str(failure)
        if time.monotonic() > patience:
            raise AssertionError(f"not within {seconds:g} s; last seen: {last}")
        time.sleep(every_seconds)

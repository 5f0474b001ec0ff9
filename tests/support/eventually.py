"""Waits until a condition is true. On a timeout it reports the last observation."""

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

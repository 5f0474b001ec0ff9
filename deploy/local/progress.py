"""What the person at the terminal sees: one line per step, with its time when it is done."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def step(what: str) -> Iterator[None]:
    began = time.monotonic()
    terminal = sys.stdout.isatty()
    print(f"  {what} …", end="\r" if terminal else "\n", flush=True)
    try:
        yield
    except BaseException:
        print(f"  {what}: stopped after {time.monotonic() - began:.1f} s", flush=True)
        raise
    print(f"  {what}: {time.monotonic() - began:.1f} s", flush=True)


def say(line: str) -> None:
    print(line, flush=True)

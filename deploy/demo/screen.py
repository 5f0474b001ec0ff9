"""What the person at the terminal sees. Plain text that reads the same in a log; figures in columns."""

import sys
import unicodedata
from collections.abc import Sequence

_TITLE = 18


def title(text: str) -> None:
    print(f"\n{text}\n{'─' * _width(text)}", flush=True)


def fact(name: str, text: str) -> None:
    print(f"  {pad(name, _TITLE)}{text}", flush=True)


def line(text: str) -> None:
    print(f"  {text}", flush=True)


def passing(text: str) -> None:
    """A line that the next one replaces, where there is a terminal; nothing elsewhere."""
    if sys.stdout.isatty():
        print(f"\r  {text}\033[K", end="", flush=True)


def pad(text: str, columns: int) -> str:
    return text + " " * max(0, columns - _width(text))


def spread(seconds: Sequence[float]) -> str:
    """p50, p95 and the largest of what was measured; p95 is the value that 95 of 100 do not exceed."""
    if not seconds:
        return "nothing measured"
    ordered = sorted(seconds)
    p50, p95 = (ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.50, 0.95))
    return f"p50 {p50:6.2f} s   p95 {p95:6.2f} s   max {ordered[-1]:6.2f} s   of {len(ordered)}"


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)

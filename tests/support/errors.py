"""Errors that our code logs in the process of the tests. Logs of processes that a test starts are not included."""

import structlog
from structlog.typing import EventDict, WrappedLogger

_noted: list[str] = []


def note() -> None:
    """Starts the collection. Lines are still printed. Logs that a test captures are left to that test."""
    structlog.configure(processors=[_note, *structlog.get_config()["processors"]])


def taken() -> list[str]:
    """The errors since the last call."""
    found = _noted.copy()
    del _noted[: len(found)]
    return found


def _note(_: WrappedLogger, method: str, event: EventDict) -> EventDict:
    if method in ("error", "critical", "exception"):
        _noted.append(", ".join(str(event[name]) for name in ("event", "code", "route", "facts") if name in event))
    return event

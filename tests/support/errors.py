"""What our own code logs as an error in the tests' process. Left to others: the logs of processes that a test starts."""

import structlog
from structlog.typing import EventDict, WrappedLogger

_noted: list[str] = []


def note() -> None:
    """From now on. Lines are printed as before; what a test captures itself, it judges itself."""
    structlog.configure(processors=[_note, *structlog.get_config()["processors"]])


def taken() -> list[str]:
    """What was logged since the last call."""
    found = _noted.copy()
    del _noted[: len(found)]
    return found


def _note(_: WrappedLogger, method: str, event: EventDict) -> EventDict:
    if method in ("error", "critical", "exception"):
        _noted.append(", ".join(str(event[name]) for name in ("event", "code", "route", "facts") if name in event))
    return event

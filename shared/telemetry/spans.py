"""Spans: what was done when, sent to a collector by OTLP where one is configured (decision 44).

Invariant: without a collector there is no thread, no SDK in memory and no span. With one, nothing waits for it: what it does not take in
time is dropped. A span has routes, types and ids of events, never a person, a text or the message of an exception.
Left to others: the ids of a trace, which are there without a collector too (tracing.py), and the sending (otlp.py).
"""

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import Final, Literal, NamedTuple, Protocol

Kind = Literal["server", "producer", "consumer"]
Value = str | int
_END_SECONDS: Final = 2.0  # for what is left at the end of a process, if the collector does not answer


class Span(Protocol):
    @property
    def traceparent(self) -> str: ...
    def note(self, **facts: Value) -> None: ...
    def fail(self, failure: str) -> None: ...
    def end(self) -> None: ...


class Beginning(NamedTuple):
    """`parent` is a well-formed traceparent; without one a new trace begins. `at` is in nanoseconds."""

    name: str
    kind: Kind
    parent: str
    facts: Mapping[str, Value]
    at: int | None = None


class Recorder(Protocol):
    def begin(self, beginning: Beginning) -> Span: ...
    def close(self) -> None: ...


_recorder: Recorder | None = None
_handled: ContextVar[Mapping[str, Span]] = ContextVar("handled", default={})  # noqa: B039 - it is read only


def start(service: str, role: str, *, endpoint: str) -> None:
    """Once per process, after its last fork. `endpoint` is the collector's address, empty = none."""
    global _recorder  # noqa: PLW0603 - of the process, as its log is
    if endpoint:
        from shared.telemetry import otlp  # noqa: PLC0415 - the SDK is loaded only where there is a collector

        _recorder = otlp.Recorder(f"{service}-{role}", endpoint)


def stop() -> None:
    """Sends what is left, and waits a little for it."""
    global _recorder
    recorder, _recorder = _recorder, None
    if recorder:
        closing = threading.Thread(target=recorder.close, name="spans", daemon=True)
        closing.start()
        closing.join(_END_SECONDS)


def on() -> bool:
    return _recorder is not None


def begin(name: str, *, kind: Kind, parent: str, **facts: Value) -> Span | None:
    """None without a collector."""
    return _recorder.begin(Beginning(name, kind, parent, facts)) if _recorder else None


def record(beginnings: Iterable[Beginning]) -> None:
    """Spans that end now."""
    if _recorder:
        for beginning in beginnings:
            _recorder.begin(beginning).end()


def now() -> int:
    return time.time_ns()


def handling(event_id: object) -> Span | None:
    """The span in which this event is handled now."""
    return _handled.get().get(str(event_id))


@contextmanager
def handled(beginnings: Mapping[str, Beginning], *, until: ExitStack) -> Iterator[None]:
    """A span for each event of a batch, by its id. They end with `until`, the transaction; a failure in the block ends them at once."""
    if _recorder is None:
        yield
        return
    opened = {event_id: _recorder.begin(beginning) for event_id, beginning in beginnings.items()}
    token = _handled.set(opened)
    try:
        yield
    except BaseException as failure:
        _end(opened.values(), type(failure))
        raise
    finally:
        _handled.reset(token)
    until.push(lambda failure, *_: _end(opened.values(), failure))


def _end(opened: Iterable[Span], failure: type[BaseException] | None) -> None:
    for span in opened:
        if failure:
            span.fail(failure.__name__)
        span.end()

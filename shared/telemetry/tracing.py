"""What led to what: one trace from the click to the message, and for every event the event that caused it.

Kept in context variables, so a thread or a greenlet has its own. `headers()` are CloudEvents attributes for the
journal; traceparent is W3C Trace Context, given on with a span of our own, so that any collector can draw the tree.

Invariant: there is a trace id with or without a collector (spans.py), and nothing of it is taken from outside unless it is well-formed.
The correlation id is the trace id, unless the caller has brought an id of its own.
"""

import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import uuid4

from shared.telemetry import spans
from shared.telemetry.spans import Span

_CORRELATION = re.compile(r"[\w.:-]{1,64}", re.ASCII)
# Neither id may be all zeros.
_TRACEPARENT = re.compile(r"00-((?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]([0-9a-f])")


@dataclass(frozen=True)
class Trace:
    correlation_id: str
    causation_id: str | None
    traceparent: str
    span: Span | None = None

    @property
    def trace_id(self) -> str:
        return trace_id_of(self.traceparent)


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def current() -> Trace | None:
    return _current.get()


def correlation_id() -> str:
    """The id by which an operator finds the log line; a new one outside of any trace."""
    trace = _current.get()
    return trace.correlation_id if trace else str(uuid4())


def trace_id() -> str | None:
    """The id by which a collector finds the trace; None outside of any trace."""
    trace = _current.get()
    return trace.trace_id if trace else None


def headers() -> dict[str, str]:
    """The CloudEvents attributes correlationid, causationid and traceparent, as far as they are known. For the
    journal.
    """
    if (trace := _current.get()) is None:
        return {}
    known = {"correlationid": trace.correlation_id, "causationid": trace.causation_id, "traceparent": trace.traceparent}
    return {name: value for name, value in known.items() if value}


def well_formed(traceparent: str | None) -> str:
    """The same, or nothing where it is not one."""
    return traceparent if traceparent and _TRACEPARENT.fullmatch(traceparent) else ""


def trace_id_of(traceparent: str) -> str:
    return traceparent.split("-")[1]


def trace_id_in(headers: Mapping[str, str]) -> str | None:
    """Of an event, by the headers that the journal keeps; None for one that was recorded outside any trace."""
    came = headers.get("traceparent")
    return trace_id_of(came) if came else None


@contextmanager
def request(*, correlation_id: str, traceparent: str, name: str = "", method: str = "") -> Iterator[Trace]:
    """From HTTP headers, empty where missing. A value is used only when it is well-formed. `name` is the route; without one there is
    no span.
    """
    parent = well_formed(traceparent)
    facts = {"http.request.method": method, "http.route": name}
    span = spans.begin(f"{method} {name}", kind="server", parent=parent, **facts) if name else None
    given_on = span.traceparent if span else _beginning(parent)
    known = correlation_id if _CORRELATION.fullmatch(correlation_id) else trace_id_of(given_on)
    with _entered(Trace(known, None, given_on, span)) as trace:
        yield trace


@contextmanager
def following(*, event_id: object, received: Mapping[str, str], name: str = "", **facts: str) -> Iterator[Trace]:
    """From an event's `headers()`, as they came or as they were kept: every event written inside the block was caused by that event.
    `name` gives the block a span of its own; without one it belongs to the span in which its message is handled.
    """
    parent = well_formed(received.get("traceparent"))
    span = spans.begin(name, kind="consumer", parent=parent, **facts) if name else None
    enclosing = span or spans.handling(event_id)
    given_on = enclosing.traceparent if enclosing else _beginning(parent)
    correlation = received.get("correlationid", "")
    known = correlation if _CORRELATION.fullmatch(correlation) else str(event_id)
    with _entered(Trace(known, str(event_id), given_on, span)) as trace:
        yield trace


@contextmanager
def _entered(trace: Trace) -> Iterator[Trace]:
    token = _current.set(trace)
    try:
        yield trace
    except BaseException as failure:
        if trace.span:
            trace.span.fail(type(failure).__name__)
        raise
    finally:
        _current.reset(token)
        if trace.span:
            trace.span.end()


def _beginning(parent: str) -> str:
    """A span of this trace, or the first one of a new trace."""
    known = _TRACEPARENT.fullmatch(parent)
    trace, flags = (known[1], f"0{int(known[2], 16) & 1}") if known else (secrets.token_hex(16), "01")
    return f"00-{trace}-{secrets.token_hex(8)}-{flags}"

"""What led to what: one correlation id from the click to the message, and for every event the event that caused it.

Kept in context variables, so a thread or a greenlet has its own. `headers()` are CloudEvents attributes for the
journal; traceparent is W3C Trace Context, given on with a span of our own, so that any collector can draw the tree.
"""

import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import uuid4

_CORRELATION = re.compile(r"[\w.:-]{1,64}", re.ASCII)
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})")


@dataclass(frozen=True)
class Trace:
    correlation_id: str
    causation_id: str | None
    traceparent: str


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def current() -> Trace | None:
    return _current.get()


def correlation_id() -> str:
    """The id by which an operator finds the log line; a new one outside of any trace."""
    trace = _current.get()
    return trace.correlation_id if trace else str(uuid4())


def headers() -> dict[str, str]:
    """The CloudEvents attributes correlationid, causationid and traceparent, as far as they are known. For the
    journal.
    """
    if (trace := _current.get()) is None:
        return {}
    known = {"correlationid": trace.correlation_id, "causationid": trace.causation_id, "traceparent": trace.traceparent}
    return {name: value for name, value in known.items() if value}


@contextmanager
def request(*, correlation_id: str, traceparent: str) -> Iterator[Trace]:
    """From HTTP headers, empty where missing. A value is used only when it is well-formed."""
    known = correlation_id if _CORRELATION.fullmatch(correlation_id) else str(uuid4())
    with _entered(Trace(known, None, _span(traceparent))) as trace:
        yield trace


@contextmanager
def following(*, event_id: object, received: Mapping[str, str]) -> Iterator[Trace]:
    """From a message's headers (`ce_correlationid`, `ce_traceparent`): every event written inside the block was caused by that
    event.
    """
    known = received.get("ce_correlationid") or str(event_id)
    with _entered(Trace(known, str(event_id), _span(received.get("ce_traceparent", "")))) as trace:
        yield trace


@contextmanager
def _entered(trace: Trace) -> Iterator[Trace]:
    token = _current.set(trace)
    try:
        yield trace
    finally:
        _current.reset(token)


def _span(parent: str) -> str:
    known = _TRACEPARENT.fullmatch(parent)
    trace, flags = known.groups() if known else (secrets.token_hex(16), "01")
    return f"00-{trace}-{secrets.token_hex(8)}-{flags}"

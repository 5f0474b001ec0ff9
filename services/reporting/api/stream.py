"""GET /api/v1/stream?district=440303&since=48213 : server-sent events. The event's id is the district's feed number.

change    the current state of a district's projects, and the changed units
snapshot  all projects of the district; the page reloads if `cells` is null
reset     the reader's state cannot be continued: discard it, a snapshot follows
as_of     number, instant and lag, every two seconds, without an id
"""

import queue
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from flask import Blueprint, Response, request
from pydantic import Field
from sqlalchemy import Engine

from services.reporting.api.live import Event, Hub, Reader, narrowed
from services.reporting.queries import display
from services.reporting.store.displays import Grant
from shared.refusal import Refused, Unknown
from shared.service import database, edge, http, identity
from shared.service.context import context

stream = Blueprint("stream", __name__, url_prefix="/api/v1")


@stream.before_request
def let_displays_in() -> None:
    display.admit()


_HEARTBEAT_SECONDS: Final = 15.0
_LIFE_SECONDS: Final = (
    3600.0  # after this, or when its session ends, the reader reconnects with its number and is authorised again
)
_RETRY_MILLISECONDS: Final = 1000
_LOOK_SECONDS: Final = 3.0


class StreamQuery(http.Body):
    district: str | None = Field(
        default=None, pattern=r"^[0-9]{6}$", description="which district; may be left out by who has one"
    )
    since: int | None = Field(
        default=None, ge=0, description="last feed number seen; the header Last-Event-ID goes before it"
    )


@http.route(
    stream,
    "GET",
    "/stream",
    roles=(*identity.ROLES, display.ROLE),
    problems=("not-found", "district-required", "readers-too-many"),
    media="text/event-stream",
)
def live_stream(query: StreamQuery) -> http.Answer:
    """Server-sent events: change, snapshot, reset, as_of. Last-Event-ID resumes an interrupted stream."""
    hub: Hub = context().resources
    district = _district(query.district)
    seen = _last_seen() if "Last-Event-ID" in request.headers else query.since
    # Join before the first read. Events in between wait in the queue; their numbers show which are already in the first read.
    reader = hub.join(district, identity.current().subject)
    try:
        first = hub.since(district, seen)
    except BaseException:
        hub.leave(reader)
        raise
    life = min(_LIFE_SECONDS, identity.current().seconds_left)
    grant = display.current()
    if grant is None:
        events = _events(hub, reader, first, life=life)
    else:
        only = partial(narrowed, project_id=grant.project_id)
        events = _events(hub, reader, first, life=life, shown=only, holds=_holding(context().engine, grant))
    answer = Response(events, content_type="text/event-stream; charset=utf-8")
    answer.headers["X-Accel-Buffering"] = "no"
    answer.call_on_close(lambda: hub.leave(reader))
    return answer


def _district(district: str | None) -> str:
    granted = identity.current().granted
    if district is None:
        if len(granted) == 1 and database.EVERY not in granted:
            return granted[0]
        raise Refused("district-required")
    if database.EVERY not in granted and district not in granted:
        raise Unknown
    return district


def _last_seen() -> int | None:
    """The last id, or None when it is not a number: the reader then starts with a snapshot."""
    return edge.whole_number(request.headers["Last-Event-ID"].strip())


def _holding(engine: Engine, grant: Grant) -> Callable[[], bool]:
    """Whether a display's grant still holds; looked up every few seconds."""
    looked_at = time.monotonic()

    def holds() -> bool:
        nonlocal looked_at
        if time.monotonic() - looked_at < _LOOK_SECONDS:
            return True
        looked_at = time.monotonic()
        return display.still(engine, grant)

    return holds


def _events(  # noqa: PLR0913 - what a reader gets, and for how long
    hub: Hub,
    reader: Reader,
    first: list[Event],
    *,
    life: float = _LIFE_SECONDS,
    shown: Callable[[Event], Event] = lambda event: event,
    holds: Callable[[], bool] = lambda: True,
) -> Iterator[bytes]:
    began = beaten = time.monotonic()
    try:
        yield f"retry: {_RETRY_MILLISECONDS}\n\n".encode()
        for event in first:
            yield shown(event).encoded()
        reached = max((event.number or 0 for event in first), default=0)
        while not reader.dropped and time.monotonic() - began < life and holds():
            news = _next(reader)
            if news and (news.number is None or news.number > reached):
                reached = -1 if news.name == "reset" else news.number or reached
                yield shown(news).encoded()
            if time.monotonic() - beaten >= _HEARTBEAT_SECONDS:
                beaten = time.monotonic()
                yield b": heartbeat\n\n"
    finally:
        hub.leave(reader)


def _next(reader: Reader) -> Event | None:
    try:
        return reader.waiting.get(timeout=1.0)
    except queue.Empty:
        return None

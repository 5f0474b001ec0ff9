"""GET /api/v1/districts/{district}/feed : the exchange log of a district for an agency's client.

It answers a batch of CloudEvents, at once or when the next event comes (`wait`), or server-sent events without an end. The API's
process knows no waiting: it answers at once. The front door leads the feed to the stream's process.
"""

import re

from flask import Blueprint, Response, request
from pydantic import Field

from services.reporting.api import cursors
from services.reporting.api.live import Hub
from services.reporting.api.log_reader import LIFE_SECONDS, LogReader, document, filter_of, span
from services.reporting.api.watch import Watch
from services.reporting.queries.exchange import Part, Place
from shared.events import structured, topics
from shared.events.terms import EventType
from shared.refusal import Refused
from shared.service import http, identity
from shared.service.context import context

exchange = Blueprint("exchange", __name__, url_prefix="/api/v1")
_STREAM = "text/event-stream"


class FeedQuery(http.Body):
    after: str | None = Field(
        default=None,
        max_length=200,
        pattern="^[!-~]*$",
        description="the cursor of the answer before; left out: from the first event",
    )
    types: list[EventType] = Field(default_factory=list, max_length=100, description="of the granted types, only these")
    limit: int = Field(default=100, ge=1, le=1000, description="how many events at most")
    wait: int = Field(default=0, ge=0, le=30, description="how many seconds to wait for an event when there is none")


@http.route(
    exchange,
    "GET",
    "/districts/<district>/feed",
    roles=("agency",),
    problems=("grant-missing", "cursor-invalid", "log-began-anew", "log-not-whole", "readers-too-many"),
    media=structured.BATCH,
)
def read_feed(district: str, query: FeedQuery) -> http.Answer:
    """Events in the order of their log numbers, under the grants in force now. Clearwater-Cursor is the next `after`.

    With `Accept: text/event-stream` they come as server-sent events, each with its cursor as id; Last-Event-ID goes before `after`.
    """
    reader, after = _reader(district, query), _after(district, query)
    watch = _watch()
    if watch and _wants_stream():
        return _stream(reader, watch, after)
    if watch and query.wait:
        leave = watch.admit(reader.client_id)
        try:
            return _batch(district, reader.waited(watch, after, query.wait))
        finally:
            leave()
    return _batch(district, reader.part(after))


def _reader(district: str, query: FeedQuery) -> LogReader:
    if not re.fullmatch(topics.DISTRICT, district):  # before anything is bound to it
        raise Refused("grant-missing")
    return LogReader(
        engine=context().engine,
        clock=context().clock,
        client_id=identity.current().subject,
        district=district,
        types=frozenset(query.types),
        limit=query.limit,
    )


def _after(district: str, query: FeedQuery) -> Place | None:
    return cursors.decode(
        district, request.headers.get("Last-Event-ID") if _wants_stream() else None
    ) or cursors.decode(district, query.after)


def _watch() -> Watch | None:
    hub = context().resources
    return hub.watch if isinstance(hub, Hub) else None


def _wants_stream() -> bool:
    return request.accept_mimetypes.best_match([structured.BATCH, _STREAM]) == _STREAM


def _batch(district: str, found: Part) -> http.Answer:
    documents = [document(found.reached.epoch, entry) for entry in found.entries]
    answer = Response(structured.encode(documents), content_type=structured.BATCH)
    answer.headers["Clearwater-Cursor"] = cursors.encode(district, found.reached)
    answer.headers["Clearwater-Filter"] = filter_of(found.types)
    if found.skipped:
        answer.headers["Clearwater-Skipped"] = span(found.skipped)
    return answer


def _stream(reader: LogReader, watch: Watch, after: Place | None) -> http.Answer:
    first, life = reader.part(after), min(LIFE_SECONDS, identity.current().seconds_left)
    leave = watch.admit(reader.client_id)
    answer = Response(reader.events(watch, first, life=life), content_type=f"{_STREAM}; charset=utf-8")
    answer.headers["X-Accel-Buffering"] = "no"
    answer.call_on_close(leave)
    return answer

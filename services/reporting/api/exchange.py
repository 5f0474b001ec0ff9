"""GET /api/v1/districts/{district}/feed : the exchange log of a district for an agency's client, as a batch of CloudEvents."""

import base64
import json
import re

from flask import Blueprint, Response
from pydantic import Field

from services.reporting.queries import exchange as reads
from services.reporting.queries.exchange import Entry, Place
from shared.events import structured, topics
from shared.refusal import Refused
from shared.service import database, edge, http, identity
from shared.service.context import context

exchange = Blueprint("exchange", __name__, url_prefix="/api/v1")


class FeedQuery(http.Body):
    after: str | None = Field(
        default=None, max_length=200, description="the cursor of the answer before; left out: from the first event"
    )
    types: list[str] = Field(default_factory=list, max_length=100, description="of the granted types, only these")
    limit: int = Field(default=100, ge=1, le=1000, description="how many events at most")


@http.route(
    exchange,
    "GET",
    "/districts/<district>/feed",
    roles=("agency",),
    problems=("grant-missing", "cursor-invalid", "log-began-anew", "log-not-whole"),
    media=structured.BATCH,
)
def read_feed(district: str, query: FeedQuery) -> http.Answer:
    """Events in the order of their log numbers, under the grants in force now. Clearwater-Cursor is the next `after`."""
    if not re.fullmatch(topics.DISTRICT, district):  # before anything is bound to it
        raise Refused("grant-missing")
    after = _place(district, query.after)
    with database.reading(context().engine, granted=[district]) as tx:
        types = reads.granted_types(tx, district, identity.current().subject, now=context().clock.now())
        wanted = types.intersection(query.types) if query.types else types
        found = reads.part(tx, district, after, types=wanted, limit=query.limit)
    documents = [_document(found.reached.epoch, entry) for entry in found.entries]
    answer = Response(structured.encode(documents), content_type=structured.BATCH)
    cursor = _cursor(district, found.reached)
    answer.headers["Clearwater-Cursor"] = cursor
    if found.skipped:
        answer.headers["Clearwater-Skipped"] = _range(found.skipped)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _document(epoch: int, entry: Entry) -> dict[str, object]:
    extensions = {"logepoch": str(epoch), "lognumber": str(entry.number), "feednumber": str(entry.feed_number)}
    if entry.skipped:
        extensions["skipped"] = _range(entry.skipped)
    return structured.document(entry.message, entry.message.payload, extensions)


def _range(numbers: tuple[int, int]) -> str:
    return f"{numbers[0]}-{numbers[1]}"


def _cursor(district: str, place: Place) -> str:
    """Opaque to its reader, not secret: rights are asked at each request, so a forged one gains nothing. It never expires."""
    return base64.urlsafe_b64encode(json.dumps([district, place.epoch, place.number]).encode()).decode().rstrip("=")


def _place(district: str, cursor: str | None) -> Place | None:
    """Refused cursor-invalid."""
    if cursor is None:
        return None
    try:
        named, epoch, number = edge.read_json(base64.urlsafe_b64decode(cursor.encode() + b"=="))
    except (ValueError, TypeError) as failure:
        raise Refused("cursor-invalid") from failure
    if named != district or not (_counts(epoch) and _counts(number)):
        raise Refused("cursor-invalid")
    return Place(epoch, number)


def _counts(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**63

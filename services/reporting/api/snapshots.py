"""GET /api/v1/districts/{district}/snapshot : the state of all units now, for an agency's client; the feed goes on behind it.

One line of JSON after another: first the place of the snapshot, then a line for each unit, at last their count and digest. Who lacks
the last line lacks a part. The digest is the SHA-256 of the units' lines: each with its names in the order of the alphabet, without
spaces, in UTF-8, ended by a line feed, in the order of their ids. So a subscriber can compare it with the state that it holds itself.
"""

import hashlib
import json
import re
from collections.abc import Generator, Iterator, Mapping
from itertools import chain

from flask import Blueprint, Response
from pydantic import Field
from pydantic_core import to_jsonable_python

from services.reporting.api import cursors
from services.reporting.api.log_reader import filter_of
from services.reporting.queries import exchange, unit_states
from services.reporting.queries.exchange import Place
from services.reporting.store import feed, taken
from shared.events import topics
from shared.events.terms import EventType
from shared.refusal import Refused
from shared.service import database, http, identity
from shared.service.context import context
from shared.service.database import Transaction

snapshots = Blueprint("snapshots", __name__, url_prefix="/api/v1")
_LINES = "application/x-ndjson"


class SnapshotQuery(http.Body):
    types: list[EventType] = Field(
        default_factory=list,
        max_length=100,
        description="of the granted types, only these; as in the feed that follows",
    )


@http.route(
    snapshots,
    "GET",
    "/districts/<district>/snapshot",
    roles=("agency",),
    problems=("grant-missing", "log-not-whole", "snapshot-empty"),
    media=_LINES,
)
def read_snapshot(district: str, query: SnapshotQuery) -> http.Answer:
    """The facts of each unit that the granted types say whole, all of one moment. Read the feed on from `cursor` of the first line."""
    if not re.fullmatch(topics.DISTRICT, district):
        raise Refused("grant-missing")
    lines = _lines(district, frozenset(query.types))
    head = next(lines)  # what is refused is refused before the answer begins
    answer = Response(chain([head], lines), content_type=_LINES)
    answer.call_on_close(lines.close)
    return answer


def _lines(district: str, types: frozenset[str]) -> Generator[bytes, None, None]:
    """The transaction that counts and asks for the rights ends first, since a thread of the API has one connection. What the next one reads
    is given only if the log is where it was counted: then nothing has come, and nothing was revoked.
    """
    engine, counted = context().engine, None
    while True:
        with database.begin(engine, district=district) as tx:
            counted = _count(tx, answers=0 if counted else 1)
            wanted, facts = _granted(tx, types)
        with database.reading(engine, granted=[district]) as tx:
            if exchange.standing(tx, district) == counted:
                yield from _of_moment(tx, district, counted, wanted, facts)
                return


def _of_moment(
    tx: Transaction, district: str, place: Place, wanted: frozenset[str], facts: tuple[str, ...]
) -> Iterator[bytes]:
    yield line(
        {
            "district": district,
            "epoch": place.epoch,
            "number": place.number,
            "cursor": cursors.encode(district, place),
            "feed_number": feed.latest(tx.connection, district),
            "filter": filter_of(wanted),
            "facts": facts,
        }
    )
    count, digest = 0, hashlib.sha256()
    for unit in unit_states.of_district(tx, district, facts):
        unit_line = line(unit)
        count += 1
        digest.update(unit_line)
        yield unit_line
    yield line({"count": count, "digest": digest.hexdigest()})


def _granted(tx: Transaction, types: frozenset[str]) -> tuple[frozenset[str], tuple[str, ...]]:
    """The filter, and the facts that it gives whole. Refused: grant-missing, snapshot-empty."""
    granted = exchange.granted_types(tx, tx.district, identity.current().subject, now=context().clock.now())
    wanted = granted & types if types else granted
    facts = unit_states.facts(wanted)
    if not facts:
        raise Refused("snapshot-empty")
    return wanted, facts


def _count(tx: Transaction, *, answers: int) -> Place:
    """Before anything of it leaves. Returns the place of the log. Refused: grant-missing, where the client acts for no agency any more;
    log-not-whole.
    """
    place, now = exchange.standing(tx, tx.district), context().clock.now()
    if not taken.by_client(
        tx,
        identity.current().subject,
        channel="snapshot",
        epoch=place.epoch,
        numbers=(place.number, place.number),
        events=0,
        answers=answers,
        now=now,
    ):
        raise Refused("grant-missing")
    return place


def line(value: Mapping[str, object]) -> bytes:
    """In the form that the digest is made of."""
    written = json.dumps(to_jsonable_python(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f"{written}\n".encode()

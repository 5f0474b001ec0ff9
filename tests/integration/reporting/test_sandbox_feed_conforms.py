"""Does the player's feed answer what the product answers for the same events?"""

import json
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine

from deploy.sandbox.feed import Feed, FeedRequest
from deploy.sandbox.story import OPENING, RESCISSION, SIGNING, Story
from services.reporting.queries import unit_states
from tests.support.door import CLIENT, DISTRICT, Door, door_of
from tests.support.launch import Bus, Numbering, granted

TYPES = tuple(
    event.declared.type for fact in ("rights", "agreement", "signing") for event in unit_states.CHANGED_BY[fact]
)
HEADERS = ("Content-Type", "Clearwater-Cursor", "Clearwater-Filter", "Clearwater-Skipped", "Cache-Control")


@pytest.fixture
def both(engine: Engine, issuer: tuple[str, Path]) -> tuple[Door, Feed]:
    """The product's door and the player's feed, with the same log."""
    story, bus, feed = Story(), Bus(engine), Feed()
    first = Numbering().messages(DISTRICT, granted(CLIENT, types=TYPES))
    messages = [*first, *story.case(*SIGNING), *story.case(*RESCISSION), *story.case(*OPENING)]
    bus.deliver(messages, at_once=1)
    feed.write(messages)
    feed.granted = frozenset(TYPES)
    return door_of(engine, issuer), feed


def request_for(path: str, cursor: str = "", types: tuple[str, ...] = ()) -> FeedRequest:
    return FeedRequest(path=path, cursor=cursor, types=frozenset(types), limit=3, wait=0, at=time.monotonic())


@pytest.mark.parametrize("types", [(), TYPES[:4]], ids=["all", "some"])
def test_every_part_of_the_players_feed_is_the_products(both: tuple[Door, Feed], types: tuple[str, ...]) -> None:
    door, feed = both
    cursor, parts = "", 0
    while True:
        query = {"limit": 3, "types": types} | ({"after": cursor} if cursor else {})
        real, played = door.get(query), feed.answer(request_for("feed", cursor, types))
        without = [
            [{name: value for name, value in event.items() if name != "feednumber"} for event in events]
            for events in (real.json, json.loads(played.body))
        ]
        assert without[0] == without[1]
        assert {name: real.headers.get(name) for name in HEADERS} == {
            name: played.headers.get(name) for name in HEADERS
        }
        parts += 1
        if feed.given == cursor:
            break
        cursor = feed.given
    assert parts > 3


def test_the_players_snapshot_is_the_products(both: tuple[Door, Feed]) -> None:
    door, feed = both
    real, played = door.get(path="snapshot"), feed.answer(request_for("snapshot"))

    head, *units = real.data.splitlines()
    players_head, *players_units = played.body.splitlines()
    assert units == players_units
    assert len(units) == 4
    assert json.loads(head) == {**json.loads(players_head), "feed_number": json.loads(head)["feed_number"]}

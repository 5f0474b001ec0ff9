"""Does a declaration refuse what would mislead a reader?"""

import copy
import json
import re
from collections.abc import Iterator, Sequence
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError

from shared.events import catalogue, codec, examples, topics
from shared.events.contract import Event, declare
from shared.events.registry import DistrictOpened, KeyDeleted, RightHolder

TYPE = "clearwater.signing.case.tested.v1"
_TIME = re.compile(r"\d{4}-\d\d-\d\d(T|$)")


class Undeclared(Event):
    """Not declared."""

    unit_id: UUID
    project_id: UUID


class WithoutKey(Event):
    """Not declared."""

    project_id: UUID


@pytest.mark.parametrize(
    ("event", "event_type", "topic", "tombstone"),
    [
        (Undeclared, "clearwater.signing.case.opened.v1", "signing-case", False),
        (WithoutKey, TYPE, "signing-case", False),
        (Undeclared, TYPE, "signing-case", True),
        (Undeclared, TYPE, "signing-visit", False),
        (Undeclared, "clearwater.registry.case.tested.v1", "signing-case", False),
    ],
    ids=[
        "declared twice",
        "no field for the key",
        "a tombstone with more than its key",
        "no such topic",
        "another owner's topic",
    ],
)
def test_a_wrong_declaration_fails_at_import(
    event: type[Event], event_type: str, topic: str, *, tombstone: bool
) -> None:
    with pytest.raises(TypeError):
        declare(event_type, topic=topic, tombstone=tombstone)(event)
    assert TYPE not in [event.declared.type for event in catalogue.events()]


def test_key_audience_and_ordering_are_those_of_the_topic() -> None:
    for event in catalogue.events():
        kind = topics.KINDS[event.declared.topic]
        assert (event.declared.key, event.declared.audience, event.declared.ordering) == (
            kind.key,
            kind.audience,
            kind.ordering,
        )


def test_every_event_and_every_field_is_described() -> None:
    undescribed = [
        f"{event.__name__}.{name}"
        for event in catalogue.events()
        for name, field in event.model_fields.items()
        if not field.description
    ]
    assert undescribed == []
    assert all(event.__doc__ for event in catalogue.events())


def test_every_kind_of_topic_has_an_event_and_its_owner_in_its_name() -> None:
    assert {event.declared.topic for event in catalogue.events()} == topics.KINDS.keys()
    for event in catalogue.events():
        assert event.declared.type.split(".")[1] == event.declared.topic.split("-")[0]


def test_an_emitter_cannot_write_an_undeclared_field_and_a_reader_ignores_it() -> None:
    with pytest.raises(ValidationError, match="mayor"):
        DistrictOpened.model_validate({"district": "440303", "name": "澄水湾片区", "mayor": "x"})

    newer = b'{"district": "440303", "name": "\xe6\xbe\x84", "mayor": "x"}'
    assert codec.decode(DistrictOpened, newer) == DistrictOpened(district="440303", name="澄")


def test_a_name_that_is_not_masked_is_refused() -> None:
    with pytest.raises(ValidationError, match="masked_name"):
        RightHolder(person_id=uuid4(), masked_name="陈小明", share=None, capable=True, kind="natural", overseas=False)


def test_a_tombstone_is_its_key() -> None:
    deleted = KeyDeleted(person_id=uuid4())

    assert codec.encode(deleted) is None
    assert codec.decode(KeyDeleted, None, key=deleted.key) == deleted


def test_a_payload_of_another_event_is_refused() -> None:
    for payload in (None, b"", b"[]", b"\xff", b'{"district": 440303}'):
        with pytest.raises(ValidationError):
            codec.decode("clearwater.registry.district.opened.v1", payload)


EDGES = {
    True: ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59"),
    False: ("0001-01-01", "9999-12-31"),
}


@pytest.mark.parametrize("event", catalogue.events(), ids=lambda event: event.declared.type)
def test_an_instant_or_a_day_that_does_not_exist_in_every_time_zone_is_refused(event: type[Event]) -> None:
    payloads = map(_payload, examples.of(event.declared.type))
    places = [(payload, place) for payload in payloads for place in _times(payload)]
    for payload, place in places:
        for edge in EDGES["T" in str(_at(payload, place))]:
            with pytest.raises(ValidationError, match="edge of the calendar"):
                codec.decode(event, json.dumps(_changed(payload, place, edge)).encode())


def test_the_examples_have_instants_and_days() -> None:
    payloads = [_payload(path) for event in catalogue.events() for path in examples.of(event.declared.type)]

    assert len([place for payload in payloads for place in _times(payload)]) > 40


def _payload(path: Path) -> Any:
    return examples.load(path)["payload"]


def _times(value: object, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, dict | list):
        for name, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _times(item, (*place, name))
    elif isinstance(value, str) and _TIME.match(value):
        yield place


def _at(value: Any, place: Sequence[str | int]) -> Any:
    return reduce(getitem, place, value)


def _changed(value: Any, place: Sequence[str | int], new: str) -> Any:
    changed = copy.deepcopy(value)
    _at(changed, place[:-1])[place[-1]] = new
    return changed

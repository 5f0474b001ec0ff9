"""Does an endpoint get every granted event, signed, in the order of its cases, whatever it and the others answer?"""

from collections.abc import Iterator

import pytest
from cloudevents.core.formats.json import JSONFormat
from sqlalchemy import Engine

from tests.support.hooks import SIGNED, Endpoint, Hooks
from tests.support.receiver import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


@pytest.fixture
def hooks(engine: Engine) -> Iterator[Hooks]:
    made = Hooks(engine)
    yield made
    made.endpoints.close()


def test_an_event_arrives_signed_as_a_cloudevent_with_its_place_in_the_log(hooks: Hooks, receiver: Receiver) -> None:
    endpoint = Endpoint(receiver.url + "/events")
    hooks.grant(SIGNED)
    hooks.register(endpoint)
    [_, event_id] = hooks.happen(hooks.launch.unit(0), hooks.launch.sign(0))

    hooks.run()

    [posted] = receiver.accepted
    verified = posted.verified_by(endpoint.secret)
    event = JSONFormat().read(None, posted.body)
    assert (posted.path, posted.event_id, event.get_id(), event.get_type()) == ("/events", event_id, event_id, SIGNED)
    assert event.get_data()["unit_id"] == event.get_subject()
    assert posted.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert (verified["lognumber"], verified["skipped"], verified["logepoch"]) == ("5", "1-4", "1")

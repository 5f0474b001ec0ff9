"""Does an agency get every granted event once and in order, nothing else, and nothing after its grant has ended?"""

from datetime import UTC, datetime, timedelta

import pytest
from cloudevents.core.formats.json import JSONFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from sqlalchemy import Engine

from services.reporting.web import agency_openapi
from shared.events import structured
from shared.events.registry import GrantRevoked
from shared.messaging.ports import Message
from tests.support import described
from tests.support.door import CLIENT, DISTRICT, Door
from tests.support.launch import Bus, Launch, Numbering, granted

SIGNED, RESCINDED = "clearwater.signing.agreement.signed.v1", "clearwater.signing.agreement.rescinded.v1"
REGISTERED, LOCKED = "clearwater.registry.unit.registered.v1", "clearwater.signing.agreement.locked.v1"


def a_day(launch: Launch) -> list[Message]:
    signed = [launch.sign(number) for number in range(5)]
    cases = [event for number in range(6) for event in launch.prepare(number)]
    events = [*launch.opening(), *launch.register(), *cases, *signed, launch.rescind(signed[3])]
    return Numbering().messages(DISTRICT, events)


def test_a_grant_gives_its_types_from_the_first_event_on_and_no_other(engine: Engine, door: Door) -> None:
    messages, bus = a_day(Launch(units=6)), Bus(engine)
    bus.deliver(messages)
    bus.deliver(Numbering().messages(DISTRICT, granted(CLIENT, types=(SIGNED, RESCINDED))))

    found = door.read_all()

    wanted = {str(message.event_id) for message in messages if message.type in (SIGNED, RESCINDED)}
    assert {event["type"] for event in found} == {SIGNED, RESCINDED}
    assert len(found) == len(wanted) == 6
    assert {event["id"] for event in found} == wanted


def test_the_answer_is_a_batch_of_cloudevents(engine: Engine, door: Door) -> None:
    bus = Bus(engine)
    bus.deliver(a_day(Launch(units=6)))
    bus.deliver(Numbering().messages(DISTRICT, granted(CLIENT, types=(SIGNED,))))

    answer = door.get()

    assert answer.content_type == "application/cloudevents-batch+json"
    for document in answer.json:
        event = JSONFormat().read(None, structured.encode(document))
        assert event.get_dataschema() == f"urn:clearwater:schema:{SIGNED}"
        assert event.get_data()["unit_id"] == event.get_subject()


def test_the_openapi_of_the_feed_describes_the_real_answer(engine: Engine, door: Door) -> None:
    document = agency_openapi.document(described.app("reporting"))
    operation = document["paths"]["/api/reporting/v1/districts/{district}/feed"]["get"]
    described_answer = operation["responses"]["200"]
    bus = Bus(engine)
    bus.deliver(a_day(Launch(units=6)))
    bus.deliver(Numbering().messages(DISTRICT, granted(CLIENT, types=(SIGNED,))))

    answer = door.get()

    ours = {name for name, _ in answer.headers if name.startswith("Clearwater-")}
    assert ours == {name for name in described_answer["headers"] if name.startswith("Clearwater-")}
    assert set(described_answer["content"]) == {answer.mimetype, "text/event-stream"}
    assert "Last-Event-ID" in {parameter["name"] for parameter in operation["parameters"]}
    schema = document["components"]["schemas"]["CloudEvent"]
    for event in answer.json:
        Draft202012Validator(schema).validate(event)
        assert set(event) <= set(schema["properties"])
    assert {"skipped", "data"} <= {name for event in answer.json for name in event}


def test_without_a_grant_a_district_looks_like_one_that_does_not_exist(engine: Engine, door: Door) -> None:
    Bus(engine).deliver(a_day(Launch(units=1)))

    answers = [door.get(), door.get(district="440305"), door.get(district="nowhere")]

    assert [(answer.status_code, answer.json["code"]) for answer in answers] == [(403, "grant-missing")] * 3


def test_a_revoked_grant_gives_nothing_at_the_next_request(engine: Engine, door: Door) -> None:
    bus, numbering = Bus(engine), Numbering()
    bus.deliver(a_day(Launch(units=6)))
    acts = granted(CLIENT, types=(SIGNED,))
    bus.deliver(numbering.messages(DISTRICT, acts))
    cursor = door.get({"limit": 1}).headers["Clearwater-Cursor"]

    revoked = GrantRevoked(
        agency="real-estate", grant_id=acts[1].grant_id, reason="年度复核", revoked_at=datetime.now(UTC)
    )
    bus.deliver(numbering.messages(DISTRICT, [revoked]))

    assert door.get({"after": cursor}).json["code"] == "grant-missing"


@pytest.mark.parametrize("days", [-1001, 1])
def test_a_grant_outside_of_its_period_gives_nothing(engine: Engine, door: Door, days: int) -> None:
    starts_at = datetime.now(UTC) + timedelta(days=days)
    Bus(engine).deliver(Numbering().messages(DISTRICT, granted(CLIENT, types=(SIGNED,), starts_at=starts_at)))

    assert door.get().json["code"] == "grant-missing"


def test_a_clients_token_opens_nothing_but_the_feed(engine: Engine, door: Door) -> None:
    headers = {"Authorization": f"Bearer {door.token}"}

    assert door.app.test_client().get("/api/v1/projects", headers=headers).status_code == 403


@pytest.mark.parametrize(
    "cursor", ["x", "W10", "WyI0NDAzMDUiLDEsMF0", "WyI0NDAzMDMiLDEsLTFd", "WyI0NDAzMDMiLHRydWUsMF0"]
)
def test_a_cursor_that_is_none_of_this_district_is_refused(engine: Engine, door: Door, cursor: str) -> None:
    Bus(engine).deliver(Numbering().messages(DISTRICT, granted(CLIENT, types=(SIGNED,))))

    assert door.get({"after": cursor}).json["code"] == "cursor-invalid"


def test_a_cursor_of_another_epoch_says_that_the_log_began_anew(engine: Engine, door: Door) -> None:
    Bus(engine).deliver(Numbering().messages(DISTRICT, granted(CLIENT, types=(SIGNED,))))

    answer = door.get({"after": "WyI0NDAzMDMiLDcsMF0"})

    assert (answer.status_code, answer.json["code"]) == (410, "log-began-anew")


@pytest.fixture
def filled(engine: Engine, door: Door) -> Door:
    launch, bus = Launch(units=4), Bus(engine)
    bus.deliver(Numbering().messages(DISTRICT, [*launch.register(), *launch.prepare(0), launch.sign(0)]))
    bus.deliver(Numbering().messages(DISTRICT, granted(CLIENT, types=TYPES)))
    return door


TYPES = (SIGNED, RESCINDED, REGISTERED, LOCKED)


@given(limit=st.integers(1, 9), types=st.sets(st.sampled_from(TYPES), min_size=1))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_events_and_skipped_numbers_add_up_for_every_filter(filled: Door, limit: int, types: set[str]) -> None:
    numbers = [int(event["lognumber"]) for event in filled.read_all(limit=limit)]
    chosen = filled.get({"limit": 1000, "types": sorted(types)}).json

    assert numbers == sorted(set(numbers))
    assert len(numbers) == 6
    assert {event["type"] for event in chosen} == types - {RESCINDED}

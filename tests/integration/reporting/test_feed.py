"""Does an agency get every granted event once and in order, nothing else, and nothing after its grant has ended?"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cloudevents.core.formats.json import JSONFormat
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from deploy.local import issuer as local_issuer
from services.reporting.api.exchange import exchange
from services.reporting.api.standings import api
from services.reporting.application import PROBLEMS
from services.reporting.wiring import MIGRATIONS
from shared.events import structured
from shared.events.registry import GrantRevoked
from shared.messaging.ports import Message
from shared.service import factory
from shared.service.clock import RealClock
from tests.support.launch import Bus, Launch, Numbering, granted
from tests.support.serving import Settings

DISTRICT, CLIENT = "440303", "agency-440303"
SIGNED, RESCINDED = "clearwater.signing.agreement.signed.v1", "clearwater.signing.agreement.rescinded.v1"
REGISTERED, LOCKED = "clearwater.registry.unit.registered.v1", "clearwater.signing.agreement.locked.v1"


@dataclass
class Door:
    app: Flask
    token: str

    def get(self, query: dict[str, Any] | None = None, *, district: str = DISTRICT) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.token}"}
        path = f"/api/v1/districts/{district}/feed"
        return self.app.test_client().get(path, query_string=query or {}, headers=headers)

    def read_all(self, *, limit: int = 3) -> list[dict[str, Any]]:
        """All events, and proof on the way that every number is either given or named as skipped."""
        found: list[dict[str, Any]] = []
        cursor, counted = "", 0
        while True:
            answer = self.get({"limit": limit} | ({"after": cursor} if cursor else {}))
            assert answer.status_code == 200, answer.text
            for event in answer.json or []:
                counted += span(event.get("skipped")) + 1
                assert int(event["lognumber"]) == counted
            counted += span(answer.headers.get("Clearwater-Skipped"))
            found += answer.json or []
            if answer.headers["Clearwater-Cursor"] == cursor:
                return found
            cursor = answer.headers["Clearwater-Cursor"]


def span(skipped: str | None) -> int:
    first, last = (skipped or "1-0").split("-")
    return int(last) - int(first) + 1


@pytest.fixture
def door(engine: Engine, issuer: tuple[str, Path]) -> Door:
    app = factory.create(
        "reporting",
        engine=engine,
        clock=RealClock(),
        settings=Settings(issuer[0]),
        blueprints=(exchange, api),
        problem_files=PROBLEMS,
        migrations=MIGRATIONS,
    )
    return Door(app, local_issuer.mint(issuer[1], role="agency", districts=(DISTRICT,)))


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

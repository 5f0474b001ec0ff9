"""Is one signature one trace, from the desk to the mailbox and the wall? The four services' own parts, a real collector, SQL and SMTP."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine

from services.reporting.api.live import Hub
from services.reporting.store import model_schema
from services.signing import application
from services.signing.config import Settings
from shared.events import topics
from shared.messaging.relay import Relay
from shared.service import database as service_database
from shared.telemetry import spans, tracing
from tests.integration.notify.conftest import Notify
from tests.integration.notify.receivers import MailServer, TextGateway
from tests.integration.signing.conftest import Desk
from tests.integration.signing.test_http import ready, self_signature
from tests.support.collector import Collector, collecting
from tests.support.eventually import eventually
from tests.support.launch import Bus
from tests.support.owners import Owner
from tests.support.platform import Database
from tests.support.signing import District, SetClock, a_holder

DISTRICT = "440303"
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TRACE_ID = PARENT.split("-")[1]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def world(stack: ExitStack, database: Callable[[str], Database], issuer: tuple[str, Path]) -> SimpleNamespace:
    """Two units, of which notify knows one and its owner, and an open screen."""

    def engine(url: str, **more: Any) -> Engine:
        made = service_database.connect(url, application_name="traces", **more)
        stack.callback(made.dispose)
        return made

    urls = {service: database(service) for service in ("signing", "notify", "reporting")}
    bus = Bus(engine(urls["reporting"].app, search_path=model_schema.SEARCH_PATH))
    mail, sms = stack.enter_context(MailServer()), stack.enter_context(TextGateway())
    notify = Notify(engine(urls["notify"].app), DISTRICT, mail, sms)
    for kind in topics.KINDS:
        bus.broker.create(topics.name(DISTRICT, kind))
    notify.broker = bus.broker

    clock, owner, late = SetClock(), Owner(), Owner()
    district = District(engine(urls["signing"].app), DISTRICT, clock)
    district.open_project()
    unit = district.register(a_holder(person_id=owner.person_id, masked_name=owner.masked))
    late_unit = district.register(a_holder(person_id=late.person_id, masked_name=late.masked))
    district.freeze()
    settings = Settings(
        database_url=urls["signing"].app, issuer_url=issuer[0], public_url="http://localhost", session_secret="s"
    )
    app = application.create_with(settings, clock=clock)
    stack.callback(app.extensions["clearwater"].engine.dispose)
    notify.story.project_id = district.project_id
    known = [
        notify.story.project(),
        notify.story.unit(unit, owner),
        notify.story.contact(owner),
        notify.story.key(owner),
    ]
    notify.receive(*known)
    relay = Relay(engine(urls["signing"].mechanism), bus.producer)
    hub = Hub(bus.consumer._engine, clock)
    reader = hub.join(DISTRICT, "desk")
    return SimpleNamespace(**locals(), desk=Desk(app, issuer[1]), private=owner.planted)


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector
        spans.stop()


def sign(world: SimpleNamespace, **headers: str) -> str:
    """The agreement's id. Only the signature itself belongs to the trace."""
    agreement_id = ready(world.desk, world.unit)
    signed = world.desk.post(f"/agreements/{agreement_id}/signatures", self_signature(world.owner.person_id), **headers)
    assert (signed.status_code, signed.json["state"]) == (201, "signed")
    return agreement_id


def carry(world: SimpleNamespace) -> None:
    world.hub.poll()
    while world.relay.run_once():
        pass
    while world.bus.consumer.run_once(wait_seconds=0):
        pass
    world.notify.reads("notify")
    world.notify.dispatches()
    world.hub.poll()


def test_a_signature_is_one_trace_from_the_desk_to_the_mailbox_and_the_wall(world, collector):
    spans.start("clearwater", "test", endpoint=collector.url)
    sign(world, traceparent=PARENT)
    carry(world)

    def whole() -> set[str]:
        names = {span.name.replace("clearwater.", "") for span in collector.of(TRACE_ID)}
        assert names >= {
            "POST /api/v1/agreements/<uuid:agreement_id>/signatures",
            "send signing.agreement.signed.v1",
            "process signing.agreement.signed.v1",
            "hand over mail",
            "show on screens",
        }, names
        return names

    eventually(whole, seconds=20)
    found = collector.of(TRACE_ID)
    own = {span.span_id for span in found}
    assert [span.name for span in found if span.parent_id not in own] == [
        "POST /api/v1/agreements/<uuid:agreement_id>/signatures"
    ]
    both = [span for span in found if span.name == "process clearwater.signing.agreement.signed.v1"]
    assert len(both) == 2  # reporting's and notify's
    handed_over = next(span for span in found if span.name == "hand over mail")
    assert handed_over.parent_id in {span.span_id for span in both}
    assert len(world.mail.arrived) == 1


def test_no_span_carries_a_person(world, collector):
    spans.start("clearwater", "test", endpoint=collector.url)
    sign(world, traceparent=PARENT)
    world.desk.ask("/cases", place=world.owner.name)
    world.desk.post("/agreements/00000000-0000-0000-0000-000000000000/signatures", {"right_holder": world.owner.name})
    carry(world)

    eventually(lambda: [span for span in collector.of(TRACE_ID) if span.name == "hand over mail"], seconds=20)
    spans.stop()
    sent = b"".join(collector.raw)
    planted = [*world.private, world.owner.masked, str(world.owner.person_id)]
    assert [value for value in planted if value.encode() in sent] == []


def test_the_case_shows_the_trace_of_each_act_with_or_without_a_collector(world):
    agreement_id = sign(world, traceparent=PARENT)

    acts = world.desk.ask(f"/cases/{world.unit}").json["acts"]
    assert acts[-1]["kind"] == "signature-taken" and acts[-1]["trace_id"] == TRACE_ID
    assert len({act["trace_id"] for act in acts}) == len(acts)
    assert f'<span class="code">{TRACE_ID}</span>' in world.desk.page(f"/desk/{world.unit}/trace").text
    refused = world.desk.post(f"/agreements/{agreement_id}/locks", {}, traceparent=PARENT)
    assert (refused.status_code, refused.json["trace_id"], refused.json["correlation_id"]) == (409, TRACE_ID, TRACE_ID)


def test_a_message_that_is_planned_later_stays_in_the_trace_of_its_fact(world, collector):
    spans.start("clearwater", "test", endpoint=collector.url)
    late, unit = world.late, world.late_unit
    world.unit, world.owner = unit, late
    sign(world, traceparent=PARENT)
    carry(world)
    world.notify.receive(
        world.notify.story.unit(unit, late), world.notify.story.contact(late), world.notify.story.key(late)
    )
    world.notify.completer.run_once()
    world.notify.dispatches()

    eventually(lambda: [span for span in collector.of(TRACE_ID) if span.name == "hand over mail"], seconds=20)
    [planned] = world.notify.rows("select headers from events where type like '%planned%'")
    [fact] = world.notify.rows("select event_id from facts")
    assert planned.headers["traceparent"].split("-")[1] == TRACE_ID
    assert planned.headers["causationid"] == str(fact.event_id)


def test_a_hostile_traceparent_is_ignored_and_never_kept(world):
    hostile = ["x" * 5000, f"00-{'0' * 32}-00f067aa0ba902b7-01", PARENT.upper(), f"{PARENT}-x", f"ff{PARENT[2:]}"]
    acts_on_rights = cycle((("reviews", {}), ("disputes", {"reason": "inheritance", "note": "x"})))
    for traceparent, (act, body) in zip(hostile, acts_on_rights, strict=False):
        answer = world.desk.post(f"/cases/{world.unit}/rights/{act}", body, traceparent=traceparent)
        assert answer.status_code == 201, answer.text
    for traceparent in ("\0", PARENT[:-1] + "\0"):
        refused = world.desk.post(f"/cases/{world.unit}/rights/reviews", {}, traceparent=traceparent)
        assert 400 <= refused.status_code < 500
        assert tracing.well_formed(f"00-{refused.json['trace_id']}-{'1' * 16}-01")

    acts = world.desk.ask(f"/cases/{world.unit}").json["acts"]
    kept = {act["trace_id"] for act in acts}
    assert len(kept) == len(acts) == len(hostile)
    assert all(tracing.well_formed(f"00-{item}-{'1' * 16}-01") for item in kept - {TRACE_ID})
    assert TRACE_ID not in kept
    with world.relay._engine.connect() as connection:
        written = connection.exec_driver_sql("select headers ->> 'traceparent' from events").scalars().all()
    assert all(tracing.well_formed(value) for value in written if value)  # what no request caused has none

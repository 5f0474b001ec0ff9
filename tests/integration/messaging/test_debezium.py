"""Does Debezium in place of the relay send the same records: real PostgreSQL, real Kafka, the real connector in its own process?

One story on an installation of its own (decision 50). The relay's records of the same journal are the measure.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing, nullcontext
from types import SimpleNamespace
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text

from deploy import declaration
from deploy.local import admin, system, topics
from deploy.local.processes import environment
from shared.events import catalogue, codec, examples
from shared.events import topics as names
from shared.events.contract import Event
from shared.messaging import kafka
from shared.messaging.relay import Relay
from shared.service import database, journal
from shared.telemetry import tracing
from tests.support import kit, raw_kafka
from tests.support import platform as platforms
from tests.support.eventually import eventually
from tests.support.platform import Platform
from tests.support.raw_kafka import Record

pytestmark = pytest.mark.timeout(300)  # the first time, the connector's jars are fetched
SERVICES = declaration.publishing()
DISTRICT = "440303"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture(scope="module")
def installation() -> Iterator[Platform]:
    """PostgreSQL, Kafka and the tables of all services that publish. At first their events leave by the relays."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(declaration.LEAVE_BY, declaration.DEBEZIUM)
        started = platforms.start()
        try:
            topics.create(admin.as_admin(started.place), DISTRICT)
            leave_by(started, "relay")
            yield started
        finally:
            platforms.stop(started.place)


@pytest.fixture(scope="module")
def engines(installation: Platform) -> Iterator[dict[str, SimpleNamespace]]:
    made = {service: opened(installation, service) for service in SERVICES}
    yield made
    for each in made.values():
        each.app.dispose()
        each.mechanism.dispose()


def opened(installation: Platform, service: str) -> SimpleNamespace:
    urls = environment(installation.place, service)
    return SimpleNamespace(
        app=database.connect(urls["DATABASE_URL"], application_name="test"),
        mechanism=database.connect(urls["DATABASE_URL_MECHANISM"], application_name="test"),
    )


def leave_by(installation: Platform, way: str) -> None:
    """As `make up` with this setting does it."""
    for service in SERVICES:
        system.migrate(installation.place, service, **{declaration.LEAVE_BY: way})


def published_by(service: str) -> list[Event]:
    """Every event that a service can publish, from the golden examples; a tombstone after what it deletes."""
    loaded = [
        (event.declared.type, examples.load(examples.of(event.declared.type)[-1]))
        for event in catalogue.events()
        if names.KINDS[event.declared.topic].owner == service
    ]
    return [codec.decode(name, _bytes(example["payload"]), key=example["key"]) for name, example in loaded]


def _bytes(payload: object) -> bytes | None:
    return None if payload is None else json.dumps(payload).encode()


def write(engine: Engine, events: Sequence[Event]) -> None:
    with database.begin(engine, district=DISTRICT) as tx:
        tx.record(*events)


def send(installation: Platform, engines: dict[str, SimpleNamespace]) -> None:
    """By each service's relay, until nothing is unsent."""
    for service in SERVICES:
        with closing(kafka.Producer(installation.connection_of(f"{service}-relay"))) as producer:
            relay = Relay(engines[service].mechanism, producer)
            while relay.run_once():
                pass


def records(installation: Platform) -> list[Record]:
    return raw_kafka.read(installation.connection, [names.name(DISTRICT, kind) for kind in names.KINDS])


def count(engine: Engine, table: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(f"select count(*) from {table}")).scalar_one())


def by_key(found: Sequence[Record]) -> dict[tuple[str, bytes | None], list[Record]]:
    keys = defaultdict(list)
    for record in found:
        keys[record.topic, record.key].append(record)
    return dict(keys)


def test_the_same_journal_gives_the_same_records(installation, engines):
    """Events of every type, with and without what led to them; a tombstone is among them. First by the relay, then by Debezium."""
    units = [kit.Happened(unit_id=unit, filling="审" * 20_000) for unit in (uuid4(), uuid4()) for _ in range(3)]
    with tracing.request(correlation_id="", traceparent=TRACE) as led:
        received = {"correlationid": led.correlation_id, "traceparent": led.traceparent}
    for led_by in (
        nullcontext(),
        tracing.request(correlation_id="from-a-desk", traceparent=TRACE),
        tracing.following(event_id=uuid4(), received=received),
    ):
        with led_by:
            for service in SERVICES:
                write(engines[service].app, published_by(service))
            write(engines["signing"].app, units)
    send(installation, engines)
    by_relay = records(installation)
    assert len(by_relay) == sum(count(engines[service].mechanism, "events") for service in SERVICES)
    assert any(record.value is None for record in by_relay)

    leave_by(installation, "debezium")
    for service in SERVICES:
        with engines[service].mechanism.begin() as connection:
            ids = list(connection.execute(text("select id from events order by id")).scalars())
            assert journal.send_again(connection, ids) == len(ids)
    installation.supervisor.start("debezium")
    eventually(lambda: len(records(installation)) >= 2 * len(by_relay), seconds=60, every_seconds=0.5)

    everything = by_key(records(installation))
    for key, sent in by_key(by_relay).items():
        assert everything[key] == sent + sent, key
    assert [count(engines[service].mechanism, table) for service in SERVICES for table in ("unsent", "outbox")] == [
        0
    ] * 6

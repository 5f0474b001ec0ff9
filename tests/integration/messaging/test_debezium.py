"""Does Debezium in place of the relay send the same records? Real PostgreSQL, real Kafka, the real connector in its own process.

The installation is this file's own (decision 50). The relay's records of the same journal are the measure.
"""

import json
import secrets
import threading
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from itertools import count
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import Engine, text

from deploy import declaration
from deploy.declaration import DEBEZIUM
from deploy.local import admin, system, topics
from deploy.local.processes import environment
from shared.events import catalogue, codec, examples
from shared.events import topics as names
from shared.events.contract import Event
from shared.messaging import kafka, leaving
from shared.messaging.relay import Relay
from shared.service import database, journal
from shared.telemetry import tracing
from tests.support import kit
from tests.support import platform as platforms
from tests.support.eventually import eventually
from tests.support.platform import Platform
from tests.support.raw_kafka import Record, Records

pytestmark = pytest.mark.timeout(600)  # the first time, the connector's jars are fetched
SERVICES = declaration.publishing()
HEARTBEAT_SECONDS = 5
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
_districts = count(440_303)


@dataclass(frozen=True)
class Emitter:
    """A service's database, opened as each of its roles."""

    service: str
    owner: Engine
    app: Engine
    mechanism: Engine
    log_url: str

    def leave_by(self, way: leaving.Way) -> str:
        log = partial(database.connect, self.log_url, application_name="test")
        return leaving.follow(self.owner, log, self.service, way)

    def rows(self, table: str, district: str) -> int:
        with self.mechanism.connect() as connection:
            statement = text(f"select count(*) from {table} where district = :district")
            return int(connection.execute(statement, {"district": district}).scalar_one())

    def waiting(self) -> int:
        with self.mechanism.connect() as connection:
            return int(connection.execute(text("select count(*) from unsent")).scalar_one())

    def write(self, district: str, events: Sequence[Event]) -> None:
        with database.begin(self.app, district=district) as tx:
            tx.record(*events)


@pytest.fixture(scope="module")
def installation() -> Iterator[Platform]:
    """PostgreSQL, Kafka and the tables of all services that publish. At first their events leave by the relays."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(declaration.LEAVE_BY, DEBEZIUM)
        started = platforms.start()
        try:
            for service in SERVICES:
                migrate(started, service, "relay")
            yield started
        finally:
            platforms.stop(started.place)


@pytest.fixture(scope="module")
def emitters(installation: Platform) -> Iterator[dict[str, Emitter]]:
    with ExitStack() as stack:
        yield {service: opened(installation, service, stack) for service in SERVICES}


@pytest.fixture
def signing(emitters: dict[str, Emitter]) -> Emitter:
    return emitters["signing"]


@pytest.fixture
def district(installation: Platform) -> str:
    made = str(next(_districts))
    topics.create(admin.as_admin(installation.place), made)
    return made


@pytest.fixture
def bus(installation: Platform, district: str) -> Iterator[Records]:
    """The records of the district."""
    with closing(Records(installation.connection, [names.name(district, kind) for kind in names.KINDS])) as opened:
        yield opened


def opened(installation: Platform, service: str, stack: ExitStack) -> Emitter:
    urls = environment(installation.place, service)
    variables = ("DATABASE_URL_OWNER", "DATABASE_URL", "DATABASE_URL_MECHANISM")
    engines = [database.connect(urls[variable], application_name="test") for variable in variables]
    for engine in engines:
        stack.callback(engine.dispose)
    return Emitter(service, *engines, log_url=urls["DATABASE_URL_DEBEZIUM"])


def migrate(installation: Platform, service: str, way: str) -> None:
    """As `make up` with this setting does it."""
    system.migrate(installation.place, service, **{declaration.LEAVE_BY: way})


def by_debezium(installation: Platform, emitters: dict[str, Emitter]) -> None:
    for emitter in emitters.values():
        emitter.leave_by("debezium")
    installation.supervisor.start(DEBEZIUM)


def by_relay(installation: Platform, emitters: dict[str, Emitter]) -> None:
    stop_connectors(installation)
    for emitter in emitters.values():
        emitter.leave_by("relay")


def afresh_by_relay(installation: Platform, emitters: dict[str, Emitter]) -> None:
    """With nothing unsent: the change back repeats what another test's connector had sent and not yet confirmed."""
    by_relay(installation, emitters)
    send(installation, emitters.values())
    assert [emitter.waiting() for emitter in emitters.values()] == [0] * len(emitters)


def stop_connectors(installation: Platform) -> None:
    installation.supervisor.stop(DEBEZIUM)
    eventually(lambda: not slots(installation, "active"), seconds=30)


def slots(installation: Platform, which: str = "true") -> list[str]:
    with psycopg.connect(installation.superuser_url()) as connection:
        rows = connection.execute(f"select slot_name from pg_replication_slots where {which} order by 1")
        return [name for (name,) in rows]


def published_by(service: str) -> list[Event]:
    """Every event that a service can publish, from the golden examples; a tombstone after what it deletes."""
    declared = [event.declared for event in catalogue.events() if names.KINDS[event.declared.topic].owner == service]
    return [decoded(item.type, examples.load(examples.of(item.type)[-1])) for item in declared]


def decoded(event_type: str, example: dict) -> Event:
    payload = None if example["payload"] is None else json.dumps(example["payload"]).encode()
    return codec.decode(event_type, payload, key=example["key"])


def send(installation: Platform, emitters: Iterable[Emitter]) -> None:
    """By each service's relay, until nothing is unsent."""
    for emitter in emitters:
        with closing(kafka.Producer(installation.connection_of(f"{emitter.service}-relay"))) as producer:
            relay = Relay(emitter.mechanism, producer)
            while relay.run_once():
                pass


@contextmanager
def beside(work: Callable[[threading.Event], None]) -> Iterator[None]:
    """`work` goes on in a thread of its own until the block ends."""
    stop = threading.Event()
    running = threading.Thread(target=work, args=(stop,))
    running.start()
    try:
        yield
    finally:
        stop.set()
        running.join()


def signatures(signing: Emitter, district: str) -> Callable[[threading.Event], None]:
    """People sign without a break."""
    units = [uuid4() for _ in range(5)]

    def write_on(stop: threading.Event) -> None:
        while not stop.wait(0.02):
            kit.happen(signing.app, district, units)

    return write_on


def by_key(found: Sequence[Record]) -> dict[tuple[str, bytes | None], list[Record]]:
    keys = defaultdict(list)
    for record in found:
        keys[record.topic, record.key].append(record)
    return dict(keys)


def more_than(number: int, bus: Records) -> None:
    eventually(lambda: len(bus.read()) > number, seconds=100, every_seconds=0.5)


def all_there(signing: Emitter, district: str, bus: Records) -> list[Record]:
    """The records, once every event of the journal is among them."""

    def found() -> list[Record]:
        sent = bus.read()
        assert len({dict(record.headers)["ce_id"] for record in sent}) == signing.rows("events", district)
        return sent

    return eventually(found, seconds=100, every_seconds=0.5)


def assert_in_order(sent: Sequence[Record]) -> None:
    """Each key's events from 1 on without a gap. One that comes again is the same record, and nothing comes before its predecessor."""
    for key, found in by_key(sent).items():
        first = {record.sequence: record for record in reversed(found)}
        reached = 0
        for record in found:
            assert record == first[record.sequence], key
            assert record.sequence <= reached + 1, key
            reached = max(reached, record.sequence)
        assert reached == len(first), key


def test_the_same_journal_gives_the_same_records(installation, emitters, signing, district, bus):
    """Events of every type, with and without what led to them; a tombstone is among them. First by the relay, then by Debezium."""
    afresh_by_relay(installation, emitters)
    fillings = ("", "审" * 20_000, secrets.token_hex(100_000))  # no row holds the last one
    units = [kit.Happened(unit_id=unit, filling=filling) for unit in (uuid4(), uuid4()) for filling in fillings]
    led_by = {"correlationid": "from-a-desk", "traceparent": TRACE}
    for trace in (
        nullcontext(),
        tracing.request(correlation_id="from-a-desk", traceparent=TRACE),
        tracing.following(event_id=uuid4(), received=led_by),
    ):
        with trace:
            for emitter in emitters.values():
                emitter.write(district, published_by(emitter.service))
            signing.write(district, units)
    send(installation, emitters.values())
    by_the_relay = bus.read()
    assert len(by_the_relay) == sum(emitter.rows("events", district) for emitter in emitters.values())
    assert any(record.value is None for record in by_the_relay)

    migrate(installation, "signing", DEBEZIUM)
    by_debezium(installation, emitters)
    for emitter in emitters.values():
        with emitter.mechanism.begin() as connection:
            of_district = text("select id from events where district = :district order by id")
            ids = list(connection.execute(of_district, {"district": district}).scalars())
            assert journal.send_again(connection, ids) == len(ids)
    more_than(2 * len(by_the_relay) - 1, bus)

    everything = by_key(bus.read())
    for key, sent in by_key(by_the_relay).items():
        assert everything[key] == sent + sent, key
    for emitter in emitters.values():
        assert [emitter.rows(table, district) for table in ("unsent", "outbox")] == [0, 0]


def test_a_crash_of_the_connector_repeats_and_never_loses_or_reorders(installation, emitters, signing, district, bus):
    by_debezium(installation, emitters)
    with beside(signatures(signing, district)):
        more_than(100, bus)
        installation.kill(DEBEZIUM)
        written = signing.rows("events", district)
        more_than(written + 100, bus)

    assert_in_order(all_there(signing, district, bus))
    assert signing.rows("unsent", district) == 0


def test_a_change_of_the_way_loses_and_reorders_nothing_while_people_sign(
    installation, emitters, signing, district, bus
):
    """To Debezium and back, with the relay always running."""
    afresh_by_relay(installation, emitters)
    relay = Relay(signing.mechanism, kafka.Producer(installation.connection_of("signing-relay")))
    with beside(relay.run_forever), beside(signatures(signing, district)):
        more_than(50, bus)
        by_debezium(installation, emitters)
        more_than(signing.rows("events", district), bus)
        with pytest.raises(leaving.Refused, match="in use: stop Debezium's connector first"):
            signing.leave_by("relay")
        by_relay(installation, emitters)
        written = signing.rows("events", district)
        more_than(written, bus)
    send(installation, [signing])

    assert_in_order(all_there(signing, district, bus))
    assert slots(installation) == []
    assert signing.rows("unsent", district) == 0


def test_unsent_events_go_the_other_way_after_a_change_of_way(installation, emitters, signing, district, bus):
    """Nothing sends: not the relay before the change to Debezium, and not Debezium before the change back."""
    afresh_by_relay(installation, emitters)
    unit = uuid4()
    kit.happen(signing.app, district, [unit] * 3)
    signing.leave_by("debezium")
    assert signing.rows("unsent", district) == 0
    kit.happen(signing.app, district, [unit] * 3)

    assert signing.leave_by("relay") == "events leave by the relay; 6 were taken back from slot clearwater_signing"
    send(installation, [signing])

    assert [record.sequence for record in bus.read()] == [1, 2, 3, 4, 5, 6]


def test_a_missing_slot_is_made_anew_and_reported(installation, emitters, signing):
    stop_connectors(installation)
    signing.leave_by("debezium")
    with psycopg.connect(installation.superuser_url(), autocommit=True) as connection:
        connection.execute("select pg_drop_replication_slot('clearwater_signing')")

    done = signing.leave_by("debezium")

    assert done == "slot clearwater_signing was missing and is made anew: republish what was written without it"
    assert "clearwater_signing" in slots(installation)
    assert signing.leave_by("debezium") == ""


def test_a_quiet_service_holds_no_log_back_and_goes_on(installation, emitters, signing, district, bus):
    """Others write to the server, and several heartbeats pass."""
    by_debezium(installation, emitters)
    kit.happen(signing.app, district, [uuid4()])
    more_than(0, bus)
    quiet_until = time.monotonic() + 3 * HEARTBEAT_SECONDS
    with psycopg.connect(installation.superuser_url(), autocommit=True) as connection:
        connection.execute("select pg_logical_emit_message(false, 'others', repeat('x', 100000))")
        (written,) = connection.execute("select pg_current_wal_lsn()").fetchone()

    behind = f"confirmed_flush_lsn < '{written}'::pg_lsn"
    eventually(lambda: time.monotonic() > quiet_until and not slots(installation, behind), seconds=90)
    kit.happen(signing.app, district, [uuid4()])
    more_than(1, bus)

    assert {name: states(installation, name) for name in SERVICES} == {name: {"RUNNING"} for name in SERVICES}


def states(installation: Platform, service: str) -> set[str]:
    """Of the connector and its task, as Kafka Connect says."""
    address = installation.place.url(DEBEZIUM)
    with urllib.request.urlopen(f"{address}/connectors/clearwater-{service}/status") as answer:
        status = json.load(answer)
    return {part["state"] for part in (status["connector"], *status["tasks"])}


@pytest.mark.parametrize("table", ["events", "outbox", "agreements"])
def test_the_role_of_debezium_reads_no_table(installation, signing, table):
    with (
        psycopg.connect(signing.log_url) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(f"select from {table}")

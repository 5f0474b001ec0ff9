"""Does every figure grow old while the broker is away, also for a consumer that had joined and read everything before?

kafka-python's poll() then returns nothing, without an error, as it does while nothing happens.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from types import SimpleNamespace
from uuid import uuid4

import httpx
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from deploy.local import admin
from deploy.local.place import ROOT, CannotStart
from services.reporting import wiring as reporting
from services.reporting.projections.pulse import Pulsed
from services.reporting.queries import as_of
from shared.events import topics
from shared.messaging import kafka, pipeline
from shared.messaging.consumer import Consumer
from shared.messaging.relay import Relay
from shared.service import clock, health
from shared.service import database as databases
from tests.support import kit
from tests.support.eventually import eventually
from tests.support.platform import Database, Platform
from tests.support.ports import free_port

CONSUMER = "reporting"
LATE_SECONDS = 5.0  # from then on a page says how late its figures are (shared/web/static/status.js)


@pytest.fixture
def place(platform: Platform, database_of_reporting: Database) -> Iterator[SimpleNamespace]:
    """Reporting's consumer, which notes how far it is, and no reactions."""
    district = platform.topics()
    app = reporting.engine(database_of_reporting.app, "consumer")
    mechanism = reporting.engine(database_of_reporting.mechanism, "mechanism")
    pattern = topics.pattern(kit.KIND).replace(topics.DISTRICT, district)
    subscription = kafka.Subscription(platform.connection, group=f"away-{uuid4()}", topics=pattern)
    consumer = Consumer(CONSUMER, app, Pulsed(subscription, app, CONSUMER), {})
    ready = health.ready(app, reporting.MIGRATIONS, consumer.awaited.missing)
    with running(consumer.run_forever):
        yield SimpleNamespace(platform=platform, district=district, app=app, mechanism=mechanism, ready=ready)
    for engine in (app, mechanism):
        engine.dispose()


@pytest.fixture
def database_of_reporting(database: Callable[[str], Database]) -> Database:
    return database("reporting")


class running:  # noqa: N801 - reads as what it is
    """A loop in a thread, until the block ends."""

    def __init__(self, loop: Callable[[threading.Event], None]) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=loop, args=(self._stop,))

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(30)
        assert not self._thread.is_alive()


class Away:
    """Takes the broker away, and brings it back in any case."""

    def __init__(self, platform: Platform, how: str) -> None:
        self._platform, self._how = platform, how
        self._pid = platform.supervisor.pid("kafka")

    def __enter__(self) -> None:
        if self._how == "paused":
            os.kill(self._pid, signal.SIGSTOP)
        else:
            self._platform.kill("kafka")
            self._platform.supervisor.stop("kafka")

    def __exit__(self, *_: object) -> None:
        if self._how == "paused":
            os.kill(self._pid, signal.SIGCONT)
        else:
            self._platform.supervisor.start("kafka")
        assert eventually(self._answers, seconds=90)  # also for the next test, when this one fails

    def _answers(self) -> bool:
        try:
            admin.client(admin.as_admin(self._platform.place)).close()
        except CannotStart:
            return False
        return True


def moments(place: SimpleNamespace) -> tuple[datetime, datetime] | None:
    """When the consumer had last read everything, as the alerts see it and as the walls see it."""
    with place.mechanism.connect() as connection:
        of_alerts = connection.execute(text("select caught_up_at from lags")).scalar()
        of_walls = connection.execute(text("select caught_up_at from pulses")).scalar()
    return (of_alerts, of_walls) if of_alerts and of_walls else None


def newer(now: Sequence[datetime] | None, before: Sequence[datetime]) -> bool:
    return now is not None and all(map(datetime.__gt__, now, before))


def lag_of_the_wall(place: SimpleNamespace) -> float:
    with databases.reading(place.app, granted=[place.district]) as tx:
        found = as_of.of(tx, clock.RealClock(), district=place.district).lag_seconds
    assert found is not None
    return found


def shown(place: SimpleNamespace) -> tuple[float | None, set[str]]:
    """The gauge of the consumer's process, and the facts of the API."""
    gauge = {"consumer": CONSUMER, "topic": topics.name(place.district, kit.KIND)}
    facts = pipeline.events(place.mechanism, CONSUMER, emits=False)
    return REGISTRY.get_sample_value("clearwater_consumer_lag_events", gauge), {sample.fact.name for sample in facts}


@pytest.mark.timeout(240)
@pytest.mark.parametrize("how", ["killed", "paused"])
def test_a_joined_consumer_claims_nothing_while_the_broker_is_away(place: SimpleNamespace, how: str) -> None:
    first = eventually(lambda: moments(place))
    assert eventually(lambda: newer(moments(place), first) and place.ready() is None)
    assert eventually(lambda: shown(place)[0] == 0)
    assert "clearwater_consumer_unread_events" in shown(place)[1]

    with Away(place.platform, how):
        named = eventually(place.ready, seconds=20)
        noted = moments(place)
        lag = lag_of_the_wall(place)
        eventually(lambda: shown(place)[0] is None)
        threading.Event().wait(4)
        assert moments(place) == noted
        assert lag_of_the_wall(place) >= lag + 4

    assert named.startswith("broker: ")
    assert lag >= LATE_SECONDS
    assert eventually(lambda: place.ready() is None, seconds=90)
    assert eventually(lambda: newer(moments(place), noted), seconds=90)
    assert eventually(lambda: lag_of_the_wall(place) < LATE_SECONDS, seconds=30)
    assert shown(place)[0] == 0


@pytest.mark.timeout(240)
@pytest.mark.parametrize("how", ["killed", "paused"])
def test_an_idle_relay_names_the_broker_that_is_away(
    platform: Platform, engines: SimpleNamespace, district: str, how: str
) -> None:
    """With nothing to send, before its first event and after it."""
    relay = Relay(engines.mechanism, kafka.Producer(platform.connection))
    assert relay.missing() == "the broker has not answered yet"
    with running(relay.run_forever):
        assert eventually(lambda: relay.missing() is None)
        with Away(platform, how):
            assert eventually(relay.missing, seconds=20).startswith("broker: ")
        assert eventually(lambda: relay.missing() is None, seconds=90)


@pytest.mark.timeout(240)
def test_the_process_of_a_relay_is_not_ready_while_the_broker_is_away(
    platform: Platform, database: Callable[[str], Database]
) -> None:
    port = free_port()
    settings = platform.environment("signing", "relay", database("signing")) | {"HEALTH_PORT": str(port)}
    command = [sys.executable, "-m", "services.signing", "relay"]
    process = subprocess.Popen(command, env=os.environ | settings, cwd=ROOT, stdout=subprocess.DEVNULL)

    def ready() -> tuple[int, str]:
        answer = httpx.get(f"http://127.0.0.1:{port}/ready", timeout=5)
        return answer.status_code, answer.text

    try:
        assert eventually(lambda: listens(port) and ready() == (200, "ready"))
        with Away(platform, "paused"):
            status, text_of_it = eventually(lambda: ready()[0] != 200 and ready(), seconds=20)
        assert (status, text_of_it.partition(":")[0]) == (503, "broker")
        assert eventually(lambda: ready()[0] == 200)
    finally:
        process.kill()
        process.wait()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0

"""Does a reader of the live stream get all missed events, or a snapshot?"""

import json
import threading
import time
from http import HTTPStatus
from itertools import islice
from types import SimpleNamespace

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine, text

from deploy.local.issuer import mint
from services.reporting import application, wiring
from services.reporting.api import live, stream
from services.reporting.api.live import Hub
from services.reporting.queries.exchange import Place
from services.reporting.store import feed
from shared.service import database, factory
from shared.service.clock import RealClock
from shared.telemetry.facts import FACTS
from tests.support.eventually import eventually
from tests.support.launch import Bus, Launch, Numbering
from tests.support.serving import Settings


class Day:
    """A frozen project, a hub, and signings one by one."""

    def __init__(self, engine: Engine) -> None:
        self.launch, self.numbering, self.bus = Launch(units=8), Numbering(), Bus(engine)
        self.hub = Hub(engine, RealClock())
        self._engine = engine
        self.deliver(*self.launch.opening(), *self.launch.register(), self.launch.freeze())

    def deliver(self, *events) -> int:
        self.bus.deliver(self.numbering.messages("440303", events))
        return self.number()

    def sign(self, number: int) -> int:
        return self.deliver(*self.launch.prepare(number), self.launch.sign(number))

    def number(self) -> int:
        with database.reading(self._engine, granted=["440303"]) as tx:
            return feed.latest(tx.connection, "440303")


@pytest.fixture
def day(engine: Engine) -> Day:
    return Day(engine)


def names_and_numbers(events):
    return [(event.name, event.number) for event in events]


def signed(event) -> int:
    bases = json.loads(event.data)["projects"][0]["bases"]
    return next(basis["numerator"] for basis in bases if basis["basis"] == "units")


def test_a_new_reader_starts_with_a_snapshot(day):
    number = day.sign(0)

    (snapshot,) = day.hub.since("440303", None)

    assert names_and_numbers([snapshot]) == [("snapshot", number)]
    assert signed(snapshot) == 1
    assert json.loads(snapshot.data)["projects"][0]["cells"] is None


def test_a_reconnecting_reader_gets_the_events_it_missed(day):
    seen = day.sign(0)
    day.sign(1)
    number = day.sign(2)

    (change,) = day.hub.since("440303", seen)

    assert names_and_numbers([change]) == [("change", number)]
    cells = json.loads(change.data)["projects"][0]["cells"]
    assert {cell["unit_id"] for cell in cells} == {str(day.launch.named(f"unit {item}")) for item in (1, 2)}
    assert {cell["stage"] for cell in cells} == {"signed"}


def test_an_event_has_every_figure_of_the_wall_at_its_number(day):
    day.deliver(*day.launch.groups())
    seen = day.sign(0)
    day.sign(1)

    (change,) = day.hub.since("440303", seen)

    (project,) = json.loads(change.data)["projects"]
    assert signed(change) == 2
    assert sum(score["done"] for score in project["scores"]) == 2
    assert sum(score["units"] for score in project["scores"]) == day.launch.units
    assert project["pace"]["path"].startswith("M") and project["pace"]["plan"].startswith("M")
    assert project["pace"]["ahead"] is not None
    assert len(project["latest"]) == 2


def test_a_reader_that_missed_nothing_gets_only_the_time(day):
    number = day.sign(0)

    assert names_and_numbers(day.hub.since("440303", number)) == [("as_of", None)]


def test_a_last_event_id_from_the_future_gets_reset_and_snapshot(day):
    number = day.sign(0)

    assert names_and_numbers(day.hub.since("440303", number + 10_000)) == [("reset", None), ("snapshot", number)]


def test_a_last_event_id_older_than_the_feed_gets_reset_and_snapshot(day, urls):
    number = day.sign(0)
    mechanism = wiring.engine(urls.mechanism, "test")
    with mechanism.begin() as connection:
        connection.execute(text("delete from feed where number < :number"), {"number": number})
    mechanism.dispose()

    assert names_and_numbers(day.hub.since("440303", 1)) == [("reset", None), ("snapshot", number)]


def test_a_reader_of_a_rebuilt_model_gets_reset_and_snapshot(day, engine):
    seen = day.sign(0)
    with database.begin(engine, district="440303") as tx:
        number = feed.append(tx, [feed.Entry("rebuilt", {})])

    assert names_and_numbers(day.hub.since("440303", seen)) == [("reset", None), ("snapshot", number)]


def test_one_poll_serves_every_reader_of_the_district(day):
    day.sign(0)
    readers = [day.hub.join("440303", "desk") for _ in range(3)]
    day.hub.poll()
    number = day.sign(1)

    day.hub.poll()

    for reader in readers:
        event = reader.waiting.get_nowait()
        assert names_and_numbers([event]) == [("change", number)]
        assert signed(event) == 2
        assert reader.waiting.empty()


def test_a_slow_reader_is_dropped(day):
    reader = day.hub.join("440303", "desk")

    for _ in range(reader.waiting.maxsize + 1):
        day.hub.pulse()

    assert reader.dropped


def test_an_event_has_the_format_of_server_sent_events(day):
    number = day.sign(0)

    (snapshot,) = day.hub.since("440303", None)

    lines = snapshot.encoded().decode().split("\n")
    assert lines[0] == "event: snapshot"
    assert lines[1] == f"id: {number}"
    assert lines[2].startswith("data: {")
    assert lines[3:] == ["", ""]


@pytest.mark.parametrize("came_back", [{}, {"since": 0}], ids=["alone", "with a since that is older"])
def test_over_http_a_stream_resumes_at_the_last_event_id(day, engine, issuer, came_back):
    seen = day.sign(0)
    number = day.sign(1)
    app = factory.create(
        "reporting",
        engine=engine,
        clock=RealClock(),
        settings=Settings(issuer[0]),
        blueprints=(stream.stream,),
        problem_files=application.PROBLEMS,
        migrations=wiring.MIGRATIONS,
        resources=day.hub,
    )
    token = mint(issuer[1], role="command", districts=["440303"])
    headers = {"Authorization": f"Bearer {token}", "Last-Event-ID": str(seen)}

    answer = app.test_client().get("/api/v1/stream", headers=headers, query_string=came_back, buffered=False)

    _, first = islice(answer.response, 2)
    assert first.decode().startswith(f"event: change\nid: {number}\n")
    answer.close()


def test_an_event_during_a_join_is_sent_once(day):
    seen = day.sign(0)
    reader = day.hub.join("440303", "desk")
    day.hub.poll()
    joined = day.sign(1)
    day.hub.poll()  # it waits in the queue, and the reader also reads it from the feed
    events = stream._events(day.hub, reader, day.hub.since("440303", seen))
    sent_first = list(islice(events, 2))
    number = day.sign(2)
    day.hub.poll()

    assert sent_first[1].decode().startswith(f"event: change\nid: {joined}\n")
    assert next(events).decode().startswith(f"event: change\nid: {number}\n")
    events.close()


@pytest.mark.parametrize("others", [0, 1], ids=["first of its district", "after another"])
def test_an_event_between_the_first_read_and_the_first_poll_is_sent(day, others):
    seen = day.sign(0)
    for _ in range(others):
        day.hub.join("440303", "desk")
    reader = day.hub.join("440303", "desk")
    events = stream._events(day.hub, reader, day.hub.since("440303", seen))
    assert "event: as_of" in list(islice(events, 2))[1].decode()
    number = day.sign(1)
    day.hub.poll()

    assert next(events).decode().startswith(f"event: change\nid: {number}\n")
    events.close()


def test_the_stream_of_a_slow_reader_ends(day):
    reader = day.hub.join("440303", "desk")
    for _ in range(reader.waiting.maxsize + 1):
        day.hub.pulse()

    events = stream._events(day.hub, reader, day.hub.since("440303", None))

    assert len(list(islice(events, 3))) == 2  # how long to wait, and the snapshot
    assert day.hub._readers == set()


@pytest.mark.logs_error("the live stream could not read")
def test_a_stream_that_cannot_read_is_not_ready_until_it_can(day, urls, monkeypatch):
    monkeypatch.setattr(live, "_STILL_SECONDS", 1.0)
    monkeypatch.setattr(live, "_PULSE_SECONDS", 0.1)
    owner, stop = database.connect(urls.owner, application_name="test"), threading.Event()
    day.hub.join("440303", "desk")
    day.hub.start(stop)
    try:
        eventually(lambda: day.hub.silent_seconds() < 0.5 and day.hub.missing() is None)
        with owner.begin() as connection:
            connection.execute(text("alter table feed_numbers rename to hidden"))
        missing = eventually(day.hub.missing)
        with owner.begin() as connection:
            connection.execute(text("alter table hidden rename to feed_numbers"))
        assert eventually(lambda: day.hub.missing() is None)
    finally:
        stop.set()
        owner.dispose()

    assert missing.startswith("live stream: last read ")


@pytest.mark.parametrize("begin", ["read", "wait"])
def test_the_stream_looks_for_news_from_the_moment_somebody_reads_or_waits(day, monkeypatch, begin):
    monkeypatch.setattr(live, "_PULSE_SECONDS", 3600.0)
    monkeypatch.setattr(live, "_POLL_SECONDS", 0.01)
    looked, stop = [], threading.Event()
    monkeypatch.setattr(day.hub, "poll", lambda: looked.append("poll"))
    running = threading.Thread(target=day.hub._run, args=(stop,), daemon=True)
    running.start()
    stop.wait(0.3)
    at_rest = len(looked)
    far = Place(9, 1)
    waiting = threading.Thread(target=day.hub.watch.wait, args=("440303", far, 60), daemon=True)
    begins = {"read": lambda: day.hub.join("440303", "desk"), "wait": waiting.start}[begin]
    begins()
    try:
        assert at_rest == 0
        assert eventually(lambda: len(looked) > 2)
    finally:
        stop.set()
        running.join(10)


@pytest.fixture
def of_the_stream(urls, issuer, monkeypatch):
    """A client of the application as the stream's process makes it."""
    settings = {
        "DATABASE_URL": urls.app,
        "ISSUER_URL": issuer[0],
        "PUBLIC_URL": "http://localhost",
        "SESSION_SECRET": "x",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    stop = threading.Event()
    monkeypatch.setattr(application, "threading", SimpleNamespace(Event=lambda: stop))
    app = application.create_stream()
    yield app.test_client()
    stop.set()
    FACTS._sources.pop("stream")
    app.extensions["clearwater"].engine.dispose()


def test_the_process_of_the_stream_shows_when_it_last_could_read(of_the_stream, monkeypatch):
    client = of_the_stream

    def shown() -> float:
        families = text_string_to_metric_families(client.get("/metrics").text)
        samples = [sample for family in families for sample in family.samples]
        return next(it.value for it in samples if it.name == "clearwater_live_polled_timestamp_seconds")

    first = shown()
    assert abs(first - time.time()) < 10
    assert client.get("/ready").text == "ready"
    assert eventually(lambda: shown() > first)
    monkeypatch.setattr(live, "_STILL_SECONDS", -1.0)
    assert client.get("/ready").status_code == HTTPStatus.SERVICE_UNAVAILABLE

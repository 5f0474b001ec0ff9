"""Does a reader that waits get the next event when it comes, and nothing after its grant has ended?"""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest
from sqlalchemy import Engine

from services.reporting.api import watch
from services.reporting.api.live import Hub
from services.reporting.api.watch import Watch
from services.reporting.queries.exchange import Place
from shared.events.registry import GrantRevoked
from shared.service.clock import RealClock
from tests.support.door import CLIENT, DISTRICT, door_of
from tests.support.eventually import eventually
from tests.support.launch import Bus, Launch, Numbering, granted
from tests.support.rebuilding import rebuilt

SIGNED, RESCINDED = "clearwater.signing.agreement.signed.v1", "clearwater.signing.agreement.rescinded.v1"


class Day:
    """A stream's process with its poller, an agency with a grant of signings, and signings one by one."""

    def __init__(self, engine: Engine, issuer: tuple[str, Path]) -> None:
        self.hub = Hub(engine, RealClock())
        self.door = door_of(engine, issuer, self.hub)
        self.launch, self.numbering, self.bus = Launch(units=8), Numbering(), Bus(engine)
        self.acts = granted(CLIENT, types=(SIGNED, RESCINDED))
        self.deliver(*self.launch.opening(), *self.launch.register(), *self.acts)

    def deliver(self, *events) -> None:
        self.bus.deliver(self.numbering.messages(DISTRICT, events))

    def revoke(self) -> None:
        grant_id = self.acts[1].grant_id
        self.deliver(
            GrantRevoked(agency="real-estate", grant_id=grant_id, reason="年度复核", revoked_at=datetime.now(UTC))
        )

    def later(self, act) -> threading.Thread:
        """Carries it out once somebody waits."""

        def when_awaited() -> None:
            eventually(lambda: self.hub.watch._awaited[DISTRICT])
            act()

        thread = threading.Thread(target=when_awaited, daemon=True)
        thread.start()
        return thread


@pytest.fixture
def day(engine: Engine, issuer: tuple[str, Path]) -> Iterator[Day]:
    made, stop = Day(engine, issuer), threading.Event()
    poller = threading.Thread(target=_polls, args=(made.hub.watch, stop), daemon=True)
    poller.start()
    yield made
    stop.set()
    poller.join()


def _polls(polled: Watch, stop: threading.Event) -> None:
    while not stop.wait(0.02):
        polled.poll()


def test_a_long_poll_answers_when_the_event_comes(day: Day) -> None:
    cursor = day.door.get({"limit": 1000}).headers["Clearwater-Cursor"]
    signing = day.later(lambda: day.deliver(*day.launch.prepare(0), day.launch.sign(0)))

    answer = day.door.get({"after": cursor, "wait": 30})

    signing.join()
    [event] = answer.json
    assert event["type"] == SIGNED
    assert event["skipped"].split("-")[0] == "13"  # all before it is named from the place where the reader stood


def test_a_long_poll_without_an_event_names_what_was_left_out(day: Day) -> None:
    cursor = day.door.get({"limit": 1000}).headers["Clearwater-Cursor"]
    preparing = day.later(lambda: day.deliver(*day.launch.prepare(0)))

    answer = day.door.get({"after": cursor, "wait": 1})

    preparing.join()
    assert answer.json == []
    assert answer.headers["Clearwater-Skipped"] == "13-17"


def test_a_grant_that_ends_ends_a_long_poll(day: Day) -> None:
    cursor = day.door.get({"limit": 1000}).headers["Clearwater-Cursor"]
    revoking = day.later(day.revoke)

    assert day.door.refused("feed", {"after": cursor, "wait": 30}) == (403, "grant-missing")
    revoking.join()


def test_a_stream_gives_each_event_with_its_cursor_and_resumes_there(day: Day) -> None:
    day.deliver(*day.launch.prepare(0), day.launch.sign(0), *day.launch.prepare(1), day.launch.sign(1))
    batch = day.door.get().json
    first, second = islice(day.door.stream(), 2)
    signing = day.later(lambda: day.deliver(*day.launch.prepare(2), day.launch.sign(2)))

    resumed = list(islice(day.door.stream({"after": "x"}, last=first[1]), 2))

    signing.join()
    assert [first[2], second[2]] == batch
    assert resumed[0] == second
    assert (resumed[1][0], resumed[1][2]["type"], resumed[1][2]["skipped"]) == ("message", SIGNED, "25-29")


def test_a_stream_moves_its_id_over_what_the_filter_leaves_out(day: Day) -> None:
    preparing = day.later(lambda: day.deliver(*day.launch.prepare(0)))

    (name, cursor, data), (moved, further, more) = islice(day.door.stream(), 2)

    preparing.join()
    assert (name, data) == ("position", {"skipped": "1-12"})
    assert (moved, more) == ("position", {"skipped": "13-17"})
    assert day.door.get({"after": further}).headers["Clearwater-Cursor"] == further != cursor


def test_a_revoked_grant_ends_a_stream_within_seconds(day: Day) -> None:
    revoking, began = day.later(day.revoke), time.monotonic()

    parts = list(day.door.stream())

    revoking.join()
    assert parts[-1] == ("refused", "", {"code": "grant-missing"})
    assert time.monotonic() - began < 10
    assert day.door.refused() == (403, "grant-missing")


def test_a_log_that_begins_anew_ends_a_stream(day: Day, urls) -> None:
    filling = day.later(lambda: rebuilt(urls, day.bus.subscription("rebuild"), fill=True))

    parts = list(day.door.stream())

    filling.join()
    assert parts[-1] == ("refused", "", {"code": "log-began-anew"})
    assert day.door.refused("feed", {"after": parts[0][1]}) == (410, "log-began-anew")


def test_a_client_has_so_many_waiting_readers_and_no_more(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "MOST_READERS", 2)
    readers = [day.door.stream() for _ in range(2)]
    for reader in readers:
        next(reader)

    assert day.door.refused("feed", {"wait": 1}) == (429, "readers-too-many")
    assert int(day.door.get({"wait": 1}).headers["Retry-After"]) > 0
    readers[0].close()
    assert day.door.get({"wait": 1, "limit": 1}).status_code == 200
    readers[1].close()


def test_a_wait_that_is_too_long_is_refused(day: Day) -> None:
    assert day.door.refused("feed", {"wait": 31}) == (422, "body-invalid")


def test_who_waits_for_one_district_is_not_woken_by_another(engine: Engine) -> None:
    watched = Watch(engine, wanted=threading.Event())
    watched._reached = {"440305": Place(1, 9)}

    began = time.monotonic()
    watched.wait(DISTRICT, Place(1, 3), 0.2)

    assert time.monotonic() - began >= 0.2
    assert watched._awaited[DISTRICT] == 0

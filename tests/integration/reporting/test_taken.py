"""Does the auditor see what left for an agency, by which client or endpoint, and can nobody make it less?"""

from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from deploy.local import issuer as local_issuer
from services.reporting.api.live import Hub
from shared.service import database, row_security
from shared.service.clock import RealClock
from tests.support.door import CLIENT, DISTRICT, Door, door_of
from tests.support.hooks import AGENCY, REGISTERED, SIGNED, Endpoint, Hooks
from tests.support.receiver import Answer, Receiver

WHOLE = tuple(
    f"clearwater.{kind}.v1"
    for kind in ("registry.unit.registered", "registry.unit.assigned", "signing.agreement.signed")
)


@pytest.fixture
def auditor(door: Door, issuer: tuple[str, Path]) -> Door:
    return Door(door.app, local_issuer.mint(issuer[1], role="auditor", districts=(DISTRICT,)))


def taken(auditor: Door) -> list[dict[str, Any]]:
    answer = auditor.get(path=f"agencies/{AGENCY}/taken")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json["items"]
    return found


def by_channel(rows: list[dict[str, Any]], name: str) -> tuple[int, int]:
    """Events and answers, in however many hours the test has run."""
    mine = [row for row in rows if row["channel"] == name]
    return sum(row["events"] for row in mine), sum(row["answers"] for row in mine)


def test_pages_of_the_feed_are_counted_with_their_first_and_last_number(
    hooks: Hooks, door: Door, auditor: Door
) -> None:
    grant_id = hooks.grant(SIGNED, REGISTERED)
    hooks.happen(*(hooks.launch.unit(number) for number in range(7)))

    numbers = [int(event["lognumber"]) for event in door.read_all(limit=3)]
    found = taken(auditor)

    assert by_channel(found, "feed") == (7, 3)
    assert (min(it["first_number"] for it in found), max(it["last_number"] for it in found)) == (
        numbers[0],
        numbers[-1],
    )
    assert {(it["taker"], *it["grants"]) for it in found} == {(CLIENT, str(grant_id))}


def test_a_repeat_counts_again_and_an_empty_answer_does_not(hooks: Hooks, door: Door, auditor: Door) -> None:
    hooks.grant(REGISTERED)
    hooks.happen(hooks.launch.unit(0))

    cursor = door.get().headers["Clearwater-Cursor"]
    for _ in range(3):
        door.get({"after": cursor})
    door.get()

    assert by_channel(taken(auditor), "feed") == (2, 2)


def test_a_stream_a_snapshot_and_a_webhook_are_counted(
    hooks: Hooks, auditor: Door, receiver: Receiver, engine: Engine, issuer: tuple[str, Path]
) -> None:
    hooks.grant(*WHOLE)
    endpoint = Endpoint(receiver.url)
    hooks.register(endpoint)
    hooks.happen(*(hooks.launch.unit(number) for number in range(3)))
    waiting = door_of(engine, issuer, Hub(engine, RealClock()))

    events = waiting.stream()
    streamed = [next(events) for _ in range(3)]
    events.close()
    waiting.snapshot()
    hooks.run()

    found = taken(auditor)
    assert [by_channel(found, name)[0] for name in ("feed", "snapshot", "webhook")] == [len(streamed), 0, 3]
    assert by_channel(found, "snapshot")[1] == 1
    assert {it["taker"] for it in found if it["channel"] == "webhook"} == {str(endpoint.endpoint_id)}


def test_a_delivery_that_an_endpoint_refused_counts_as_taken(hooks: Hooks, auditor: Door, receiver: Receiver) -> None:
    receiver.answer = lambda _: Answer(503)
    hooks.grant(REGISTERED)
    hooks.register(Endpoint(receiver.url))
    hooks.happen(hooks.launch.unit(0))

    hooks.run()

    assert by_channel(taken(auditor), "webhook") == (1, 1)


def test_the_auditor_sees_the_endpoints_of_an_agency(hooks: Hooks, auditor: Door, receiver: Receiver) -> None:
    hooks.grant(REGISTERED)
    endpoint = Endpoint(receiver.url)
    hooks.register(endpoint)
    hooks.run()

    [found] = auditor.get(path=f"agencies/{AGENCY}/endpoints").json["items"]

    assert (found["endpoint_id"], found["url"], found["status"]) == (str(endpoint.endpoint_id), receiver.url, "open")


def test_only_auditor_and_city_see_it_and_only_in_their_districts(
    hooks: Hooks, door: Door, issuer: tuple[str, Path]
) -> None:
    hooks.grant(REGISTERED)
    hooks.happen(hooks.launch.unit(0))
    door.get()
    path = f"agencies/{AGENCY}/taken"

    def as_role(role: str, district: str = DISTRICT) -> Door:
        return Door(door.app, local_issuer.mint(issuer[1], role=role, districts=(district,)))

    assert [as_role(role).get(path=path).status_code for role in ("agency", "officer", "desk", "command")] == [403] * 4
    assert len(as_role("city").get(path=path).json["items"]) == 1
    assert as_role("auditor", "440305").get(path=path).json["items"] == []


def test_the_pages_of_the_list_follow_one_another(hooks: Hooks, door: Door, auditor: Door, receiver: Receiver) -> None:
    hooks.grant(REGISTERED)
    hooks.register(*(Endpoint(receiver.url) for _ in range(3)))
    hooks.happen(hooks.launch.unit(0))
    hooks.run()
    door.get()

    found, cursor = [], None
    for _ in islice(iter(int, 1), 10):
        page = auditor.get({"limit": 1} | ({"cursor": cursor} if cursor else {}), path=f"agencies/{AGENCY}/taken").json
        found += page["items"]
        if (cursor := page["next"]) is None:
            break

    assert found == taken(auditor)
    assert len(found) >= 4


@pytest.mark.parametrize(
    "change",
    [
        *((f"update exchange_taken set {change}", "only grows") for change in (
            *("agency = 'other'", "taker = 'other'", "channel = 'snapshot'", "epoch = epoch + 1", "hour = hour - interval '1h'"),
            *("events = events - 1", "answers = answers - 1", "grants = '{}'"),
            *("first_number = first_number + 1", "last_number = last_number - 1"),
        )),
        ("delete from exchange_taken", "append-only"),
        ("truncate exchange_taken", "append-only"),
    ],
)  # fmt: skip
def test_the_database_lets_nobody_make_it_less(
    hooks: Hooks, door: Door, engine: Engine, urls: Any, change: tuple[str, str]
) -> None:
    hooks.grant(REGISTERED)
    hooks.happen(hooks.launch.unit(0))
    door.get()
    owner = database.connect(urls.owner, application_name="test")

    with pytest.raises(DBAPIError, match=change[1]), database.begin(owner, district=DISTRICT) as tx:
        tx.connection.execute(text(change[0]))
    owner.dispose()
    row_security.self_test(engine)

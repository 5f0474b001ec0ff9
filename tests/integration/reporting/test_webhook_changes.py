"""Does an endpoint that changes while events are under way get what it asked for now, and nothing that nobody allowed?"""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.reporting.queries import oversight
from services.reporting.store import endpoint_states, exchange_log, replays
from services.reporting.store.exchange_log import Entry
from shared.events.contract import Event
from shared.events.registry import EndpointRemoved
from shared.messaging.ports import Message
from shared.service import database
from tests.support.door import span
from tests.support.hooks import AGENCY, CASE, CONFIRMED, DISTRICT, DRAFTED, OPENED, REGISTERED, SIGNED, Endpoint, Hooks
from tests.support.platform import Database
from tests.support.receiver import ALLOWED, Answer, Posted, Receiver

_LOGGED = text("""
    select feed_number, event_id, topic, key, sequence, type, payload, headers from exchange_log
    where district = :district and epoch = 1 order by number
""")


def moved(hooks: Hooks, endpoint: Endpoint, url: str) -> None:
    """The registry has said so, and another process of the deliverer has taken it up."""
    endpoint.url = url
    hooks.register(endpoint)
    with database.begin(hooks.engine, district=hooks.district) as tx:
        endpoint_states.begin_round(tx, now=hooks.now())


def test_an_address_is_not_opened_by_the_handshake_of_the_one_before(hooks: Hooks, receiver: Receiver) -> None:
    endpoint = Endpoint(f"{receiver.url}/accomplice")
    hooks.grant(SIGNED)
    hooks.register(endpoint)
    hooks.happen(hooks.launch.sign(0))

    def greets(path: str) -> Answer:
        if path == "/accomplice":
            moved(hooks, endpoint, f"{receiver.url}/victim")
            return ALLOWED
        return Answer(405)

    receiver.greets = greets
    hooks.run()

    assert receiver.posted == []
    assert (hooks.condition(endpoint)["status"], hooks.condition(endpoint)["code"]) == ("new", "http-405")


@pytest.mark.parametrize("status", [204, 410, 500])
def test_an_answer_of_the_address_before_says_nothing_of_the_new_one(
    hooks: Hooks, receiver: Receiver, status: int
) -> None:
    endpoint = Endpoint(f"{receiver.url}/before")
    hooks.grant(SIGNED)
    hooks.register(endpoint)
    ids = hooks.happen(hooks.launch.sign(0), hooks.launch.sign(1))

    def answer(posted: Posted) -> Answer:
        if posted.path == "/before":
            moved(hooks, endpoint, f"{receiver.url}/now")
            return Answer(status)
        return Answer()

    receiver.answer = answer
    hooks.run()
    hooks.now.turn(seconds=5)
    hooks.run()

    accepted = {(posted.path, posted.event_id) for posted in receiver.accepted}
    assert accepted == {("/before" if status == 204 else "/now", event_id) for event_id in ids}
    assert hooks.condition(endpoint)["status"] == "open"
    assert hooks.condition(endpoint)["failures"] == 0


def test_a_type_that_the_endpoint_leaves_out_holds_nothing_back(hooks: Hooks, receiver: Receiver) -> None:
    endpoint = Endpoint(receiver.url)
    hooks.grant(*CASE)
    hooks.register(endpoint)
    receiver.answer = lambda it: Answer(422) if it.event["type"] == OPENED else Answer()
    opened, *_ = hooks.happen(*hooks.launch.prepare(0)[:3])
    hooks.run()
    assert receiver.accepted == []

    endpoint.event_types = (CONFIRMED, DRAFTED)
    hooks.register(endpoint)
    hooks.run()

    assert [posted.event["type"] for posted in receiver.accepted] == [CONFIRMED, DRAFTED]
    [row] = hooks.rows("select state, code from deliveries where event_id = cast(:it as uuid)", it=opened)
    assert (row["state"], row["code"]) == ("withheld", "type-not-wanted")


def test_after_a_new_epoch_everything_comes_under_the_new_numbers_in_the_order_of_its_case(
    hooks: Hooks, receiver: Receiver
) -> None:
    endpoint = Endpoint(receiver.url)
    hooks.grant(*CASE)
    hooks.register(endpoint)
    bad = str(hooks.launch.named("unit 1"))
    hooks.happen(*(event for number in range(4) for event in hooks.launch.prepare(number)[:3]))
    receiver.answer = lambda it: Answer(500) if it.event["subject"] == bad else Answer()
    hooks.run()
    assert len(receiver.accepted) == 9

    begin_anew(hooks)
    hooks.run()
    receiver.answer = lambda _: Answer()
    receiver.accepted.clear()
    assert hooks.condition(endpoint)["code"] == "log-began-anew"
    hooks.switch_on(endpoint)
    hooks.run()

    documents = [posted.event for posted in receiver.accepted]
    by_number = sorted(documents, key=lambda it: int(it["lognumber"]))
    assert {it["logepoch"] for it in documents} == {"2"}
    assert len({it["id"] for it in documents}) == len(documents) == 12
    counted = 0
    for it in by_number:
        counted += span(it.get("skipped")) + 1
        assert int(it["lognumber"]) == counted
    for unit in {it["subject"] for it in documents}:
        assert [int(it["sequence"]) for it in documents if it["subject"] == unit] == [1, 2, 3]

    hooks.now.turn(seconds=1)
    with database.begin(hooks.engine, district=DISTRICT) as tx:
        wanted = replays.Replay(endpoint.endpoint_id, [documents[0]["id"]], None, frozenset(CASE))
        assert replays.replay(tx, wanted, now=hooks.now()) == 1
    hooks.run()
    assert receiver.accepted[-1].event == documents[0]


def begin_anew(hooks: Hooks) -> None:
    """As a filling does: the topics in another order, each key in its own, under the next epoch."""
    with database.begin(hooks.engine, district=DISTRICT) as tx:
        logged = [Entry(row[0], Message(*row[1:])) for row in tx.connection.execute(_LOGGED, {"district": DISTRICT})]
        keys = list(dict.fromkeys(it.message.key for it in logged))
        Random(7).shuffle(keys)
        exchange_log.fill(tx, 2, [it for key in reversed(keys) for it in logged if it.message.key == key])
        exchange_log.begin_epoch(tx, 2)


def test_an_event_that_is_read_and_never_answered_is_counted_as_taken(hooks: Hooks, receiver: Receiver) -> None:
    grant_id = hooks.grant(REGISTERED)
    hooks.register(Endpoint(receiver.url))
    hooks.happen(hooks.launch.unit(0))

    def hangs_up(_: Posted) -> Answer:
        raise ConnectionAbortedError

    receiver.answer = hangs_up
    hooks.run()

    rows: list[dict[str, Any]] = hooks.rows("select events, grants from exchange_taken where channel = 'webhook'")
    assert [(row["events"], row["grants"]) for row in rows] == [(1, [grant_id])]
    assert receiver.accepted == []


@pytest.mark.parametrize("change", ["removed", "moved", "inactive", "unchanged"])
def test_a_delivery_is_recorded_with_its_agency_and_the_address_really_used(
    hooks: Hooks, receiver: Receiver, change: str
) -> None:
    endpoint = Endpoint(f"{receiver.url}/before")
    grant_id = hooks.grant(REGISTERED)
    hooks.register(endpoint)
    hooks.happen(hooks.launch.unit(0))

    def changes(posted: Posted) -> Answer:
        if posted.path == "/before":
            hooks.happen(*_CHANGES[change](endpoint, receiver))
        return Answer()

    receiver.answer = changes
    hooks.run()

    taken = "select agency, taker, addresses, grants, events from exchange_taken where channel = 'webhook'"
    row = {"agency": AGENCY, "taker": str(endpoint.endpoint_id), "grants": [grant_id], "events": 1}
    assert hooks.rows(taken) == [{**row, "addresses": [f"{receiver.url}/before"]}]
    with database.reading(hooks.engine, granted=[DISTRICT]) as tx:
        [line] = oversight.takers(tx, DISTRICT, AGENCY)
        assert (line.taker, line.addresses) == (str(endpoint.endpoint_id), [f"{receiver.url}/before"])


def _changed(endpoint: Endpoint, **fields: Any) -> list[Event]:
    return [replace(endpoint, **fields).registered()]


_CHANGES: dict[str, Callable[[Endpoint, Receiver], list[Event]]] = {
    "removed": lambda it, _: [EndpointRemoved(agency=AGENCY, endpoint_id=it.endpoint_id, removed_at=it.registered_at)],
    "moved": lambda it, receiver: _changed(it, url=f"{receiver.url}/now"),
    "inactive": lambda it, _: _changed(it, active=False),
    "unchanged": lambda *_: [],
}


def test_an_hour_keeps_every_address_that_was_used_and_nobody_takes_one_from_it(
    hooks: Hooks, receiver: Receiver, urls: Database
) -> None:
    endpoint = Endpoint(f"{receiver.url}/before")
    hooks.grant(REGISTERED)
    hooks.register(endpoint)
    hooks.happen(hooks.launch.unit(0))
    hooks.run()
    moved(hooks, endpoint, f"{receiver.url}/now")
    hooks.happen(hooks.launch.unit(1))
    hooks.run()

    with database.reading(hooks.engine, granted=[DISTRICT]) as tx:
        [line] = oversight.takers(tx, DISTRICT, AGENCY)
    assert (line.addresses, line.events) == ([f"{receiver.url}/before", f"{receiver.url}/now"], 2)
    owner = database.connect(urls.owner, application_name="test")
    with pytest.raises(DBAPIError, match="only grows"), database.begin(owner, district=DISTRICT) as tx:
        tx.connection.execute(text("update exchange_taken set addresses = '{}'"))
    owner.dispose()


def test_an_event_that_was_on_its_way_when_it_was_withheld_is_counted_as_taken(
    hooks: Hooks, receiver: Receiver
) -> None:
    endpoint = Endpoint(receiver.url)
    hooks.grant(REGISTERED, SIGNED)
    hooks.register(endpoint)
    hooks.happen(hooks.launch.unit(0))

    def narrows(_: Posted) -> Answer:
        endpoint.event_types = (SIGNED,)
        hooks.register(endpoint)
        hooks.deliverer.run_once()
        return Answer()

    receiver.answer = narrows
    hooks.run()

    assert hooks.rows("select state, tries from deliveries") == [{"state": "withheld", "tries": 1}]
    assert hooks.rows("select events from exchange_taken where channel = 'webhook'") == [{"events": 1}]


def test_an_instant_beyond_all_calendars_is_a_failure_like_any_other(hooks: Hooks, receiver: Receiver) -> None:
    endpoint = Endpoint(receiver.url)
    hooks.grant(REGISTERED)
    hooks.register(endpoint)
    receiver.answer = lambda _: Answer(503, {"Retry-After": "Fri, 01 Jan 99999999999999999999 00:00:00 GMT"})
    hooks.happen(hooks.launch.unit(0))
    hooks.run()

    assert (hooks.condition(endpoint)["code"], hooks.condition(endpoint)["failures"]) == ("http-503", 1)
    receiver.answer = lambda _: Answer()
    hooks.now.turn(seconds=5)
    hooks.run()
    assert len(receiver.accepted) == 1

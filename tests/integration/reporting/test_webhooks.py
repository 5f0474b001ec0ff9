"""Does an endpoint get every granted event, signed, in the order of its cases, whatever it and the others answer?"""

import threading
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest
from cloudevents.core.formats.json import JSONFormat
from sqlalchemy import Engine
from standardwebhooks import WebhookVerificationError

from services.reporting.store.signing_keys import SigningKeys
from services.reporting.workers.deliver import Deliverer
from shared.events.contract import Event
from shared.events.registry import EndpointRemoved, GrantRevoked
from shared.messaging import sealing
from shared.service import row_security
from shared.service.clock import RealClock
from tests.support.eventually import eventually
from tests.support.hooks import AGENCY, CASE, OPENED, PRIVATE, REGISTERED, SIGNED, Endpoint, Hooks
from tests.support.receiver import Answer, Posted, Receiver


def test_an_event_arrives_signed_as_a_cloudevent_with_its_place_in_the_log(hooks: Hooks, receiver: Receiver) -> None:
    endpoint = Endpoint(receiver.url + "/events")
    hooks.grant(SIGNED)
    hooks.register(endpoint)
    [_, event_id] = hooks.happen(hooks.launch.unit(0), hooks.launch.sign(0))

    hooks.run()

    [posted] = receiver.accepted
    verified = posted.verified_by(endpoint.secret)
    event = JSONFormat().read(None, posted.body)
    assert (posted.path, posted.event_id, event.get_id(), event.get_type()) == ("/events", event_id, event_id, SIGNED)
    assert event.get_data()["unit_id"] == event.get_subject()
    assert posted.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert (verified["lognumber"], verified["skipped"], verified["logepoch"]) == ("5", "1-4", "1")


def test_nothing_is_sent_before_the_endpoint_has_allowed_it(hooks: Hooks, receiver: Receiver) -> None:
    receiver.greeting = Answer(200, {"WebHook-Allowed-Origin": "somebody-else.example"})
    endpoint = Endpoint(receiver.url)
    hooks.grant(SIGNED)
    hooks.register(endpoint)
    hooks.happen(hooks.launch.sign(0))

    hooks.run()
    refused = hooks.condition(endpoint)
    receiver.greeting = Answer(200, {"WebHook-Allowed-Origin": "clearwater.example"})
    hooks.now.turn(seconds=2)
    hooks.run()

    assert (refused["status"], refused["code"]) == ("new", "handshake-refused")
    assert {greeted["webhook-request-origin"] for greeted in receiver.greeted} == {"clearwater.example"}
    assert len(receiver.greeted) == 2
    assert len(receiver.posted) == 1


def test_no_minute_sees_more_deliveries_than_the_endpoint_allows(hooks: Hooks, receiver: Receiver) -> None:
    receiver.greeting = Answer(200, {"WebHook-Allowed-Origin": "*", "WebHook-Allowed-Rate": "3"})
    hooks.grant(REGISTERED)
    hooks.register(Endpoint(receiver.url))
    hooks.happen(*(hooks.launch.unit(number) for number in range(12)))
    sent_at: list[datetime] = []
    receiver.answer = lambda _: sent_at.append(hooks.now.at) or Answer()

    hooks.play(timedelta(minutes=5), step=timedelta(seconds=5))

    assert len(sent_at) == 12
    assert all(sum(at <= other < at + timedelta(minutes=1) for other in sent_at) <= 3 for at in sent_at)


def test_while_two_secrets_live_each_of_them_verifies(hooks: Hooks, receiver: Receiver) -> None:
    former, endpoint = sealing.new_key(), Endpoint(receiver.url)
    endpoint.keys.append((former, datetime.now(UTC) + timedelta(hours=1)))
    hooks.grant(SIGNED)
    hooks.register(endpoint)
    hooks.happen(hooks.launch.sign(0))
    hooks.run()
    endpoint.keys[1] = (former, datetime.now(UTC) - timedelta(seconds=1))
    hooks.register(endpoint)
    hooks.happen(hooks.launch.sign(1))
    hooks.run()

    both, newest = receiver.accepted
    assert both.verified_by(endpoint.secret) == both.verified_by(former.secret)
    assert newest.verified_by(endpoint.secret)["type"] == SIGNED
    with pytest.raises(WebhookVerificationError):
        newest.verified_by(former.secret)
    with pytest.raises(WebhookVerificationError):
        Posted(both.headers, both.body.replace(b"real", b"fake") + b" ").verified_by(endpoint.secret)


def cases(hooks: Hooks, *numbers: int) -> list[Event]:
    """Three events of each case, the cases turn by turn."""
    prepared = [hooks.launch.prepare(number)[:3] for number in numbers]
    return [events[place] for place in range(3) for events in prepared]


def by_case(posted: list[Posted]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for it in posted:
        found[it.event["subject"]].append(it.event_id)
    return found


@pytest.mark.parametrize("status", [302, 400, 500])
def test_a_failing_delivery_holds_its_case_and_no_other(hooks: Hooks, receiver: Receiver, status: int) -> None:
    hooks.grant(*CASE)
    hooks.register(Endpoint(receiver.url))
    bad = str(hooks.launch.named("unit 1"))
    receiver.answer = lambda it: Answer(status) if it.event["subject"] == bad else Answer()
    hooks.happen(*cases(hooks, 0, 1, 2, 3))

    hooks.run()
    held = by_case(receiver.accepted)
    tried = {it.event_id for it in receiver.posted if it.event["subject"] == bad}
    hooks.happen(*cases(hooks, 4))
    hooks.run()
    receiver.answer = lambda _: Answer()
    hooks.now.turn(seconds=2)
    hooks.run()

    assert bad not in held and {len(ids) for ids in held.values()} == {3} and len(held) == 3
    assert len(tried) == 1
    assert len(receiver.accepted) == 15
    assert [it.event["sequence"] for it in receiver.accepted if it.event["subject"] == bad] == [
        f"{n:020}" for n in (1, 2, 3)
    ]


@pytest.mark.parametrize(("ordering", "accepted"), [("endpoint", 1), ("none", 7), ("case", 5)])
def test_a_failing_delivery_holds_the_events_that_the_endpoint_chose(
    hooks: Hooks, receiver: Receiver, ordering: str, accepted: int
) -> None:
    hooks.grant(*CASE)
    hooks.register(Endpoint(receiver.url, ordering=ordering))
    happened = [*cases(hooks, 0, 1), *cases(hooks, 2)[:2]]
    ids = [
        event_id for event in happened for event_id in hooks.happen(event)
    ]  # one by one, so that the log has their order
    receiver.answer = lambda it: Answer(500) if it.event_id == ids[1] else Answer()

    hooks.run()
    held = list(receiver.ids())
    receiver.answer = lambda _: Answer()
    hooks.now.turn(seconds=2)
    hooks.run()

    assert len(held) == accepted
    assert sorted(receiver.ids()) == sorted(ids)
    if ordering == "endpoint":
        assert receiver.ids() == ids


def test_after_three_days_the_endpoint_rests_and_after_a_month_it_catches_up_in_order(
    hooks: Hooks, receiver: Receiver
) -> None:
    endpoint = Endpoint(receiver.url)
    hooks.grant(*CASE)
    hooks.register(endpoint)
    tried_at: list[datetime] = []
    receiver.answer = lambda _: tried_at.append(hooks.now.at) or Answer(503)
    began = hooks.now.at
    first = hooks.happen(hooks.launch.prepare(0)[0])
    hooks.play(timedelta(seconds=6), step=timedelta(seconds=0.5))
    hooks.play(timedelta(days=4), step=timedelta(hours=1))
    resting, tries = hooks.condition(endpoint), len(tried_at)
    later = hooks.happen(*hooks.launch.prepare(0)[1:3], *cases(hooks, 1, 2))
    hooks.play(timedelta(days=27), step=timedelta(days=1))

    assert (resting["status"], resting["code"]) == ("resting", "http-503")
    assert len(tried_at) == tries
    assert timedelta(seconds=0.7) <= tried_at[1] - tried_at[0] <= timedelta(seconds=2)
    assert timedelta(days=3) <= tried_at[-1] - began <= timedelta(days=3, hours=2)
    assert 10 <= tries <= 40
    receiver.answer = lambda _: Answer()
    hooks.switch_on(endpoint)
    hooks.run()
    assert hooks.condition(endpoint)["status"] == "open"
    assert sorted(receiver.ids()) == sorted([*first, *later])
    assert by_case(receiver.accepted)[str(hooks.launch.named("unit 0"))] == [*first, *later[:2]]
    assert receiver.ids()[0] == first[0]


def test_one_case_that_is_always_refused_rests_alone(hooks: Hooks, receiver: Receiver) -> None:
    endpoint, bad = Endpoint(receiver.url), str(hooks.launch.named("unit 0"))
    hooks.grant(*CASE)
    hooks.register(endpoint)
    receiver.answer = lambda it: Answer(422) if it.event["subject"] == bad else Answer()
    hooks.happen(*cases(hooks, 0))
    for number in range(1, 6):
        hooks.happen(*cases(hooks, number))
        hooks.play(timedelta(days=1), step=timedelta(hours=4))
    states = hooks.rows("select state, count(*) as n from deliveries group by state order by state")
    receiver.answer = lambda _: Answer()
    hooks.switch_on(endpoint)
    hooks.run()

    assert hooks.condition(endpoint)["status"] == "open"
    assert states == [{"state": "delivered", "n": 15}, {"state": "resting", "n": 1}, {"state": "waiting", "n": 2}]
    assert len(receiver.accepted) == 18


def test_a_retry_after_is_kept_and_a_410_ends_it(hooks: Hooks, receiver: Receiver) -> None:
    endpoint = Endpoint(receiver.url)
    hooks.grant(SIGNED)
    hooks.register(endpoint)
    receiver.answer = lambda _: Answer(429, {"Retry-After": "3600"})
    hooks.happen(hooks.launch.sign(0), hooks.launch.sign(1))
    hooks.run()
    calls = len(receiver.posted)
    hooks.play(timedelta(minutes=59), step=timedelta(minutes=1))
    assert len(receiver.posted) == calls <= 2
    receiver.answer = lambda _: Answer(410)
    hooks.now.turn(minutes=2)
    hooks.run()
    ended = len(receiver.posted)
    hooks.play(timedelta(days=2), step=timedelta(hours=1))

    assert hooks.condition(endpoint)["status"] == "gone"
    assert len(receiver.posted) == ended <= calls + 2
    receiver.answer = lambda _: Answer()
    hooks.switch_on(endpoint)
    hooks.run()
    assert len(receiver.accepted) == 2


def test_an_endpoint_that_fails_again_and_again_is_tried_by_one_delivery_at_a_time(
    hooks: Hooks, receiver: Receiver
) -> None:
    hooks.grant(REGISTERED)
    hooks.register(Endpoint(receiver.url))
    receiver.answer = lambda _: Answer(500)
    hooks.happen(*(hooks.launch.unit(number) for number in range(40)))

    hooks.play(timedelta(minutes=10), step=timedelta(seconds=10))
    tries = len(receiver.posted)
    receiver.answer = lambda _: Answer()
    hooks.play(timedelta(minutes=2), step=timedelta(seconds=10))

    assert 10 <= tries <= 30
    assert len(receiver.accepted) >= 20


def test_a_redirect_is_not_followed(hooks: Hooks, receiver: Receiver) -> None:
    endpoint = Endpoint(receiver.url + "/here")
    hooks.grant(SIGNED)
    hooks.register(endpoint)
    receiver.answer = lambda _: Answer(307, {"Location": f"{receiver.url}/elsewhere"})
    hooks.happen(hooks.launch.sign(0))

    hooks.run()

    assert [posted.path for posted in receiver.posted] == ["/here"]
    assert hooks.condition(endpoint)["code"] == "redirect-not-followed"


def test_a_revoked_grant_ends_the_sending_with_the_next_round(hooks: Hooks, receiver: Receiver) -> None:
    grant_id = hooks.grant(*CASE)
    hooks.register(Endpoint(receiver.url))
    receiver.answer = lambda _: Answer(500)
    hooks.happen(*cases(hooks, 0, 1))
    hooks.run()
    receiver.answer = lambda _: Answer()
    hooks.happen(GrantRevoked(agency=AGENCY, grant_id=grant_id, reason="年度复核", revoked_at=datetime.now(UTC)))
    hooks.happen(*cases(hooks, 2))
    hooks.play(timedelta(hours=2), step=timedelta(minutes=10))

    assert receiver.accepted == []
    assert "waiting" in {row["state"] for row in hooks.rows("select state from deliveries")}


def test_a_type_that_is_no_longer_granted_holds_nothing_back(hooks: Hooks, receiver: Receiver) -> None:
    hooks.grant(OPENED, client="agency-other")
    grant_id = hooks.grant(CASE[2])
    hooks.register(Endpoint(receiver.url))
    receiver.answer = lambda _: Answer(500)
    events = hooks.launch.prepare(0)[:3]
    ids = hooks.happen(events[1], events[0])  # an unusual order, in which the revoked type comes first
    hooks.run()
    receiver.answer = lambda _: Answer()
    hooks.happen(GrantRevoked(agency=AGENCY, grant_id=grant_id, reason="年度复核", revoked_at=datetime.now(UTC)))
    hooks.now.turn(seconds=5)
    hooks.run()

    assert receiver.ids() == [ids[1]]


def test_a_removed_endpoint_and_one_switched_off_get_nothing(hooks: Hooks, receiver: Receiver) -> None:
    removed, off = Endpoint(receiver.url + "/removed"), Endpoint(receiver.url + "/off")
    hooks.grant(SIGNED)
    hooks.register(removed, off)
    hooks.run()
    off.active = False
    hooks.register(off)
    hooks.happen(EndpointRemoved(agency=AGENCY, endpoint_id=removed.endpoint_id, removed_at=datetime.now(UTC)))
    hooks.happen(hooks.launch.sign(0))
    hooks.run()
    assert receiver.posted == []

    off.active = True
    hooks.register(off)
    hooks.run()
    assert [posted.path for posted in receiver.accepted] == ["/off"]


def test_an_endpoint_of_now_gets_what_comes_after_its_registration(hooks: Hooks, receiver: Receiver) -> None:
    hooks.grant(SIGNED)
    hooks.happen(hooks.launch.sign(0))
    endpoint = Endpoint(receiver.url, start="now")
    hooks.register(endpoint)
    [after] = hooks.happen(hooks.launch.sign(1))  # before the deliverer has seen the endpoint

    hooks.run()

    assert receiver.ids() == [after]


def test_a_delivery_whose_worker_died_is_sent_again(hooks: Hooks, receiver: Receiver) -> None:
    hooks.grant(SIGNED)
    hooks.register(Endpoint(receiver.url))
    hooks.run()
    [event_id] = hooks.happen(hooks.launch.sign(0))
    hooks.deliverer._round()  # claimed, and never carried out
    hooks.run()
    assert receiver.posted == []

    hooks.now.turn(minutes=2)
    hooks.run()

    assert receiver.ids() == [event_id]
    assert len(receiver.posted) == 1


def test_another_agencys_endpoint_never_gets_what_was_not_granted_to_it(hooks: Hooks, receiver: Receiver) -> None:
    hooks.grant(SIGNED)
    hooks.grant(REGISTERED, agency="tax", client="agency-tax")
    hooks.register(Endpoint(receiver.url + "/ours"), Endpoint(receiver.url + "/tax", agency="tax"))
    hooks.register(Endpoint(receiver.url + "/nobody", agency="stranger"))
    hooks.happen(hooks.launch.unit(0), hooks.launch.sign(0))

    hooks.run()

    assert {(posted.path, posted.event["type"]) for posted in receiver.accepted} == {
        ("/ours", SIGNED),
        ("/tax", REGISTERED),
    }


def test_the_role_sends_by_itself_ends_with_the_grant_and_stops_when_asked(engine: Engine, receiver: Receiver) -> None:
    hooks, stop = Hooks(engine), threading.Event()
    row_security.self_test(engine)  # as every process does before its first loop
    deliverer = Deliverer(engine, hooks.endpoints, SigningKeys(PRIVATE), clock=RealClock())
    running = threading.Thread(target=deliverer.run_forever, args=(stop,))
    running.start()
    grant_id = hooks.grant(SIGNED)
    hooks.grant(SIGNED, agency="tax", client="agency-tax")
    hooks.register(Endpoint(receiver.url + "/ours"), Endpoint(receiver.url + "/tax", agency="tax"))
    hooks.happen(hooks.launch.sign(0))
    eventually(lambda: len(receiver.accepted) == 2)

    hooks.happen(GrantRevoked(agency=AGENCY, grant_id=grant_id, reason="年度复核", revoked_at=datetime.now(UTC)))
    hooks.happen(hooks.launch.sign(1))
    eventually(lambda: len(receiver.accepted) == 3)
    stop.set()
    running.join(15)

    assert not running.is_alive()
    assert sorted(posted.path for posted in receiver.posted) == ["/ours", "/tax", "/tax"]
    hooks.endpoints.close()

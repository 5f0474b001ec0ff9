"""What an agency's engineer does with an endpoint: look at deliveries, switch on, replay, test. Nobody else can."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from deploy.local import issuer as local_issuer
from services.reporting import wiring
from services.reporting.api.endpoints import endpoints
from services.reporting.application import PROBLEMS
from services.reporting.commands import steer_endpoint
from services.reporting.queries import facts
from services.reporting.store import deliveries
from services.reporting.wiring import MIGRATIONS
from shared.service import database, factory
from shared.service.clock import RealClock
from tests.support.hooks import CASE, DISTRICT, REGISTERED, SIGNED, Endpoint, Hooks
from tests.support.platform import Database
from tests.support.receiver import Answer, Receiver
from tests.support.serving import Settings


class Door:
    def __init__(self, app: Flask, local_dir: Path) -> None:
        self._app, self._local_dir = app, local_dir

    def get(self, endpoint: Endpoint, path: str = "", *, client: str = DISTRICT) -> TestResponse:
        return self._app.test_client().get(self._path(endpoint, path), headers=self._headers(client))

    def post(
        self, endpoint: Endpoint, path: str, body: object = None, *, client: str = DISTRICT, key: str = ""
    ) -> TestResponse:
        headers = {**self._headers(client), "Idempotency-Key": key or str(uuid4())}
        return self._app.test_client().post(self._path(endpoint, path), json=body or {}, headers=headers)

    def _path(self, endpoint: Endpoint, path: str) -> str:
        return f"/api/v1/districts/{DISTRICT}/endpoints/{endpoint.endpoint_id}{path}"

    def _headers(self, client: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {local_issuer.mint(self._local_dir, role='agency', districts=(client,))}"}


@pytest.fixture
def door(engine: Engine, issuer: tuple[str, Path]) -> Door:
    app = factory.create(
        "reporting",
        engine=engine,
        clock=RealClock(),
        settings=Settings(issuer[0]),
        blueprints=(endpoints,),
        problem_files=PROBLEMS,
        migrations=MIGRATIONS,
    )
    return Door(app, issuer[1])


def test_the_delivery_log_says_what_was_tried_and_a_switch_on_goes_on(
    hooks: Hooks, receiver: Receiver, door: Door
) -> None:
    endpoint = Endpoint(receiver.url)
    hooks.grant(SIGNED)
    hooks.register(endpoint)
    receiver.answer = lambda _: Answer(410)
    [event_id] = hooks.happen(hooks.launch.sign(0))
    hooks.run()

    gone, lines = door.get(endpoint).json, door.get(endpoint, "/deliveries?state=waiting").json["items"]
    delivery = door.get(endpoint, f"/deliveries/{event_id}").json
    receiver.answer = lambda _: Answer()
    switched = door.post(endpoint, "/switch-on")
    hooks.run()

    assert (gone["status"], gone["code"], gone["waiting"]) == ("gone", "http-410", 1)
    assert [line["event_id"] for line in lines] == [event_id]
    assert [(it["status"], it["code"]) for it in delivery["attempts"]] == [(410, "http-410")]
    assert (switched.status_code, switched.json["status"]) == (201, "new")
    assert receiver.ids() == [event_id]
    assert [it["code"] for it in door.get(endpoint, f"/deliveries/{event_id}").json["attempts"]] == ["http-410", None]


def test_events_are_sent_again_by_id_and_by_time_in_the_order_of_their_case(
    hooks: Hooks, receiver: Receiver, door: Door
) -> None:
    endpoint = Endpoint(receiver.url)
    hooks.grant(*CASE)
    hooks.register(endpoint)
    ids = [event_id for event in hooks.launch.prepare(0)[:3] for event_id in hooks.happen(event)]
    hooks.run()
    began, ended = datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(hours=1)

    key, unknown = str(uuid4()), str(uuid4())
    by_id = [door.post(endpoint, "/replays", {"event_ids": [ids[1], unknown]}, key=key).json for _ in range(2)]
    hooks.run()
    by_time = door.post(endpoint, "/replays", {"since": began.isoformat(), "until": ended.isoformat()}).json
    hooks.run()

    assert by_id == [{"events": 1}] * 2
    assert by_time == {"events": 3}
    assert receiver.ids() == [*ids, ids[1], *ids]
    assert door.post(endpoint, "/replays", {"since": began.isoformat()}).json["code"] == "body-invalid"


def test_a_replay_gives_what_has_been_granted_since_and_nothing_that_is_not_granted(
    hooks: Hooks, receiver: Receiver, door: Door
) -> None:
    endpoint = Endpoint(receiver.url)
    hooks.grant(SIGNED)
    hooks.register(endpoint)
    ids = hooks.happen(hooks.launch.unit(0), hooks.launch.sign(0), *hooks.launch.prepare(1)[:1])
    hooks.run()
    hooks.grant(REGISTERED, client="agency-other")
    hooks.grant(SIGNED)  # the client is named again

    replayed = door.post(endpoint, "/replays", {"event_ids": ids})
    hooks.run()

    assert replayed.json == {"events": 2}
    assert {posted.event["type"] for posted in receiver.accepted} == {SIGNED, REGISTERED}


def test_a_test_event_is_signed_and_holds_nothing_back(hooks: Hooks, receiver: Receiver, door: Door) -> None:
    endpoint = Endpoint(receiver.url, ordering="endpoint")
    hooks.grant(SIGNED)
    hooks.register(endpoint)
    hooks.run()
    receiver.answer = lambda it: Answer(500) if it.event["type"].endswith("test.v1") else Answer()

    event_id = door.post(endpoint, "/tests").json["event_id"]
    [signed] = hooks.happen(hooks.launch.sign(0))
    hooks.run()
    hooks.now.turn(seconds=5)
    hooks.run()

    assert receiver.ids() == [signed]
    tests = [posted for posted in receiver.posted if posted.event_id == event_id]
    assert tests[0].verified_by(endpoint.secret)["type"] == "clearwater.webhook.test.v1"
    assert len(tests) >= 2


def test_an_endpoint_has_so_many_tests_an_hour_and_none_is_kept_for_ever(
    hooks: Hooks, receiver: Receiver, door: Door, urls: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steer_endpoint, "MOST_TESTS", 2)
    endpoint, other = Endpoint(receiver.url), Endpoint(receiver.url)
    hooks.grant(SIGNED)
    hooks.register(endpoint, other)

    answers = [door.post(endpoint, "/tests") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert (answers[2].json["code"], answers[2].headers["Retry-After"]) == ("tests-too-many", "60")
    assert door.post(other, "/tests").status_code == 201
    with database.begin(hooks.engine, district=DISTRICT) as tx:
        tx.connection.execute(text("update deliveries set planned_at = planned_at - interval '61 minutes'"))
    assert door.post(endpoint, "/tests").status_code == 201
    with database.begin(hooks.engine, district=DISTRICT) as tx:
        tx.connection.execute(text("update deliveries set planned_at = planned_at - interval '31 days'"))
    mechanism = wiring.engine(urls.mechanism, "test")
    with mechanism.begin() as connection:
        assert connection.execute(deliveries.TRIMMED, {"batch": 100}).rowcount == 4
    mechanism.dispose()


def test_another_agency_and_one_without_a_grant_see_and_do_nothing(
    hooks: Hooks, receiver: Receiver, door: Door
) -> None:
    endpoint = Endpoint(receiver.url)
    hooks.grant(SIGNED)
    hooks.grant(SIGNED, agency="tax", client="agency-440305")
    hooks.register(endpoint)
    [event_id] = hooks.happen(hooks.launch.sign(0))
    hooks.run()

    for client, status in (("440305", 404), ("440309", 403)):
        for path in ("", "/deliveries", f"/deliveries/{event_id}"):
            assert door.get(endpoint, path, client=client).status_code == status
        for path, body in (("/switch-on", {}), ("/tests", {}), ("/replays", {"event_ids": [event_id]})):
            assert door.post(endpoint, path, body, client=client).status_code == status
    assert len(receiver.posted) == 1


def test_the_metrics_count_endpoints_and_what_waits(hooks: Hooks, receiver: Receiver, urls: Database) -> None:
    hooks.grant(SIGNED)
    hooks.register(Endpoint(receiver.url))
    hooks.run()
    receiver.answer = lambda _: Answer(410)
    hooks.happen(hooks.launch.sign(0))
    hooks.run()
    engine = database.connect(urls.mechanism, application_name="test", search_path="model,public")

    found = {(sample.fact.name, *sample.labels): sample.value for sample in facts.of_webhooks(engine)}
    engine.dispose()

    assert found["clearwater_webhook_endpoints", DISTRICT, "gone"] == 1
    assert found["clearwater_webhook_endpoints", DISTRICT, "resting"] == 0
    assert found["clearwater_webhook_waiting_events", DISTRICT] == 0


def test_an_endpoint_that_accepts_nothing_is_shown_by_how_long_until_it_accepts(
    hooks: Hooks, receiver: Receiver, urls: Database
) -> None:
    """The drill of EndpointFailing. Another endpoint of the district, which answers, hides nothing of it."""
    hooks.grant(SIGNED)
    hooks.register(Endpoint(receiver.url), Endpoint(f"{receiver.url}/other"))
    hooks.run()
    receiver.answer = lambda request: Answer(204 if request.path.endswith("/other") else 500)
    hooks.happen(hooks.launch.sign(0))
    hooks.run()
    mechanism = wiring.engine(urls.mechanism, "test")

    def failing() -> float:
        found = facts.of_webhooks(mechanism)
        return next(sample.value for sample in found if sample.fact is facts.FAILING)

    assert 0 < failing() < 60
    with database.begin(hooks.engine, district=DISTRICT) as tx:
        tx.connection.execute(text("update deliveries set first_failed_at = first_failed_at - interval '1 hour'"))
    assert 3_600 < failing() < 3_660

    receiver.answer = lambda _: Answer(204)
    hooks.play(timedelta(minutes=2), step=timedelta(seconds=5))

    assert failing() == 0
    mechanism.dispose()

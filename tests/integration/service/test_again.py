"""Is a request retried as a whole after a database abort, and only a limited number of times?"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http import HTTPStatus
from io import BytesIO
from itertools import count

import pytest
from flask import Flask
from prometheus_client import REGISTRY
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from shared.service import database
from tests.integration.service.conftest import Kit
from tests.support.eventually import eventually


def retried(route: str) -> float:
    return REGISTRY.get_sample_value("clearwater_http_retried_total", {"route": f"/api/v1/{route}"}) or 0


def test_both_requests_of_a_deadlock_succeed(kit: Kit) -> None:
    client, before = kit.app.test_client(), retried("crossings")
    ids = [
        client.post("/api/v1/notes", json={"words": words}, headers=kit.bearer(**{"Idempotency-Key": words})).json[
            "note_id"
        ]
        for words in ("一", "二")
    ]

    def crosses(way: int) -> int:
        body = {"first": ids[::way][0], "second": ids[::way][1]}
        headers = kit.bearer(**{"Idempotency-Key": f"way {way}"})
        return kit.app.test_client().post("/api/v1/crossings", json=body, headers=headers).status_code

    with ThreadPoolExecutor(2) as desks:
        assert list(desks.map(crosses, (1, -1))) == [HTTPStatus.CREATED] * 2

    assert kit.written() == ["一××", "二××"]
    assert retried("crossings") == before + 1


@pytest.mark.parametrize(("storms", "status"), [(2, HTTPStatus.CREATED), (3, HTTPStatus.SERVICE_UNAVAILABLE)])
def test_three_calls_and_then_the_client_is_asked_to_try_again(kit: Kit, storms: int, status: int) -> None:
    body, headers = {"words": "一", "copies": storms}, kit.bearer(**{"Idempotency-Key": "k"})
    client = kit.app.test_client()

    answer = client.post("/api/v1/storms", json=body, headers=headers)
    afterwards = client.post("/api/v1/storms", json=body, headers=headers)

    assert answer.status_code == status
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        assert (answer.json["code"], answer.headers["Retry-After"]) == ("try-again", "1")
    assert afterwards.status_code == HTTPStatus.CREATED
    assert ("Replayed" in afterwards.headers) == (status == HTTPStatus.CREATED)
    assert kit.written() == ["一"]


@pytest.fixture
def impatient(kit: Kit, make: Callable[..., Flask]) -> Iterator[Kit]:
    """The database ends a transaction of this service that is idle for two tenths of a second."""
    url = kit.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    engine = database.connect(url, application_name="impatient", idle_in_transaction_seconds=0.2)
    yield replace(kit, app=make(engine, kit.meeting), engine=engine)
    engine.dispose()


def test_a_session_that_the_database_ends_asks_the_client_to_try_again(impatient: Kit) -> None:
    """As on a machine that stands still for a while in the middle of a request."""
    body, headers = {"words": "一"}, impatient.bearer(**{"Idempotency-Key": "k"})
    ended = text("select count(*) = 0 from pg_stat_activity where application_name = 'impatient'")

    def ended_sessions() -> bool:
        with impatient.mechanism.connect() as connection:
            return bool(connection.execute(ended).scalar_one())

    with ThreadPoolExecutor(1) as desk:
        held = desk.submit(impatient.app.test_client().post, "/api/v1/held-notes", json=body, headers=headers)
        assert impatient.meeting.inside.wait(20)
        eventually(ended_sessions)
        impatient.meeting.go_on.set()
        answer = held.result()
    afterwards = impatient.app.test_client().post("/api/v1/held-notes", json=body, headers=headers)

    assert (answer.status_code, answer.json["code"]) == (HTTPStatus.SERVICE_UNAVAILABLE, "try-again")
    assert afterwards.status_code == HTTPStatus.CREATED
    assert impatient.written() == ["一"]


@pytest.mark.parametrize(
    ("language", "words"), [("zh-Hans", "请稍等：本页自己会再试。"), ("en", "tries again by itself")]
)
def test_a_page_of_a_busy_service_names_no_header_and_tries_again_by_itself(
    kit: Kit, language: str, words: str
) -> None:
    lost = OperationalError("select 1", {}, ConnectionError())
    with kit.app.test_request_context(f"/desk?language={language}", headers={"Accept": "text/html"}):
        kit.app.preprocess_request()
        page = kit.app.make_response(kit.app.handle_user_exception(lost))

    assert page.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    shown = page.get_data(as_text=True)
    assert words in shown and "/again.js" in shown
    assert "Idempotency-Key" not in shown


def test_a_form_that_a_busy_service_could_not_take_is_not_sent_again_by_the_page(kit: Kit) -> None:
    lost = OperationalError("select 1", {}, ConnectionError())
    with kit.app.test_request_context("/desk", method="POST", headers={"Accept": "text/html"}):
        kit.app.preprocess_request()
        page = kit.app.make_response(kit.app.handle_user_exception(lost))

    assert page.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert "/again.js" not in page.get_data(as_text=True)


def test_an_upload_is_read_again_from_its_beginning_and_sent_again_is_the_same_request(kit: Kit) -> None:
    boundaries = count()

    def upload(content: bytes) -> tuple[int, bool]:
        data, kind = {"file": (BytesIO(content), "roll.xlsx")}, f"multipart/form-data; boundary=b{next(boundaries)}"
        headers = kit.bearer(**{"Idempotency-Key": "u"})
        answer = kit.app.test_client().post("/api/v1/uploads", data=data, headers=headers, content_type=kind)
        return answer.status_code, "Replayed" in answer.headers

    assert [upload(b"same"), upload(b"same"), upload(b"other")] == [(201, False), (201, True), (422, False)]
    assert kit.written() == ["0967115f2813a3541eaef77de9d9d5773f1c0c04314b0bbfe4ff3b3b1c55b5d5"]

"""The same request fifty times at once, repeated, and after a lost answer: is there one effect and one answer?"""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

import httpx
import pytest
from sqlalchemy import text
from werkzeug.test import TestResponse

from shared.service import database
from tests.integration.service.conftest import OURS, THEIRS, Kit
from tests.support.serving import dropped, served

TWINS, BODY = 50, b'{"words": "one"}'


def posts(kit: Kit, words: str, headers: dict[str, str], to: str = "notes") -> TestResponse:
    return kit.app.test_client().post(f"/api/v1/{to}", json={"words": words}, headers=headers)


def test_fifty_identical_requests_have_one_effect_and_one_answer(kit: Kit) -> None:
    headers = kit.bearer(**{"Idempotency-Key": "k"})

    with ThreadPoolExecutor(TWINS) as twins:
        answers = list(twins.map(lambda _: posts(kit, "一", headers), range(TWINS)))
    answers.append(posts(kit, "一", headers))

    assert kit.written() == ["一"]
    distinct = {(item.status_code, item.data, item.headers["ETag"], item.headers["Location"]) for item in answers}
    assert len(distinct) == 1
    assert sum("Replayed" not in answer.headers for answer in answers) == 1
    assert answers[0].status_code == HTTPStatus.CREATED


def test_another_body_under_the_same_key_is_refused(kit: Kit) -> None:
    headers = kit.bearer(**{"Idempotency-Key": "k"})
    posts(kit, "一", headers)

    for answer in (posts(kit, "二", headers), posts(kit, "一", headers, "notes?copies=2")):
        assert (answer.status_code, answer.json["code"]) == (422, "idempotency-key-reused")
    assert kit.written() == ["一"]


def test_keys_belong_to_a_subject_a_district_and_a_route(kit: Kit) -> None:
    city = kit.bearer(role="city", districts=("*",))
    for bearer in (
        kit.bearer(),
        city | {"Clearwater-District": OURS},
        city | {"Clearwater-District": THEIRS},
    ):
        assert "Replayed" not in posts(kit, "一", bearer | {"Idempotency-Key": "k"}).headers
    kit.meeting.go_on.set()
    elsewhere = posts(kit, "一", kit.bearer(**{"Idempotency-Key": "k"}), "held-notes")

    assert (elsewhere.status_code, "Replayed" in elsewhere.headers) == (HTTPStatus.CREATED, False)
    assert kit.written() == ["一"] * 4


def test_an_id_in_capital_letters_names_the_same_thing(kit: Kit) -> None:
    headers, note = kit.bearer(**{"Idempotency-Key": "k"}), "0198c0de-0000-7000-8000-00000000abcd"
    first, again = (posts(kit, "一", headers, f"notes/{written}/answers") for written in (note, note.upper()))

    assert (again.data, again.headers["Replayed"]) == (first.data, "true")
    assert kit.written() == [f"{note}: 一"]


def test_a_refusal_is_not_stored(kit: Kit) -> None:
    headers = kit.bearer(**{"Idempotency-Key": "k"})

    assert [posts(kit, "禁", headers).status_code for _ in range(2)] == [409, 409]
    assert posts(kit, "可", headers).status_code == HTTPStatus.CREATED


@pytest.mark.logs_error("request failed")
def test_a_post_without_a_key_is_refused_and_a_careless_view_fails(kit: Kit) -> None:
    for key in ({}, {"Idempotency-Key": " "}, {"Idempotency-Key": "k" * 201}):
        assert posts(kit, "一", kit.bearer(**key)).json["code"] == "idempotency-key-missing"
    careless = kit.app.test_client().post(
        "/api/v1/careless-notes", json={"words": "一"}, headers=kit.bearer(**{"Idempotency-Key": "k"})
    )
    assert careless.status_code == HTTPStatus.INTERNAL_SERVER_ERROR


@pytest.mark.parametrize(("words", "statuses", "replayed"), [("一", [201, 201], 1), ("禁一", [409, 201], 0)])
def test_an_identical_request_waits_for_the_one_in_flight(
    kit: Kit, words: str, statuses: list[int], replayed: int
) -> None:
    """After a commit the twin gets the stored answer; after a rollback it does the work itself."""
    headers = kit.bearer(**{"Idempotency-Key": "k"})

    with ThreadPoolExecutor(2) as desks:
        first = desks.submit(posts, kit, words, headers, "held-notes")
        assert kit.meeting.inside.wait(20)
        twin = desks.submit(posts, kit, words, headers, "held-notes")
        kit.until_somebody_waits()
        assert not twin.done()
        kit.meeting.go_on.set()

    assert [first.result().status_code, twin.result().status_code] == statuses
    assert ("Replayed" in twin.result().headers) == bool(replayed)
    assert kit.written() == ["一"]


def test_after_a_dropped_connection_the_retry_gets_the_answer_that_was_lost(kit: Kit) -> None:
    headers = kit.bearer(**{"Idempotency-Key": "k"})

    def send(url: str) -> httpx.Response:
        more = {"Content-Type": "application/json"}
        return httpx.post(f"{url}/api/v1/held-notes", content=BODY, headers=headers | more)

    with served(kit.app) as url, ThreadPoolExecutor(1) as desk:
        dropped(url, "/api/v1/held-notes", headers, BODY)
        assert kit.meeting.inside.wait(20)

        retry = desk.submit(send, url)
        kit.until_somebody_waits()
        kit.meeting.go_on.set()
        again = send(url)

    answers = [retry.result(), again]
    assert [(answer.status_code, answer.headers["Replayed"]) for answer in answers] == [(201, "true")] * 2
    assert answers[0].content == answers[1].content
    assert kit.written() == ["one"]


@pytest.mark.parametrize(
    "otherwise",
    [
        b'{"copies":1,"words":"one"}',
        b'{ "words" :\n"one" , "copies": 1 }',
        b'{"words": "\\u006fne"}',
        b'{"words": "  one "}',
    ],
)
def test_an_equal_body_in_another_spelling_is_the_same_request(kit: Kit, otherwise: bytes) -> None:
    headers = kit.bearer(**{"Idempotency-Key": "k", "Content-Type": "application/json"})
    client = kit.app.test_client()

    first = client.post("/api/v1/notes", data=BODY, headers=headers)
    again = client.post("/api/v1/notes", data=otherwise, headers=headers)
    other = client.post("/api/v1/notes", data=b'{"words": "one", "copies": 2}', headers=headers)

    assert (again.status_code, again.headers.get("Replayed"), again.data) == (201, "true", first.data)
    assert (other.status_code, other.json["code"]) == (422, "idempotency-key-reused")
    assert kit.written() == ["one"]


def test_a_request_stored_before_the_upgrade_is_recognised_by_its_bytes(kit: Kit) -> None:
    """Release 0.1.0 stored the digest of the query and of the body as it was written."""
    headers = kit.bearer(**{"Idempotency-Key": "k", "Content-Type": "application/json"})
    client = kit.app.test_client()
    client.post("/api/v1/notes", data=BODY, headers=headers)
    with database.begin(kit.engine, district=OURS) as old:
        digest = {"digest": hashlib.sha256(b"\0" + BODY).digest()}
        old.connection.execute(text("update idempotent_answers set digest = :digest"), digest)

    assert client.post("/api/v1/notes", data=BODY, headers=headers).headers["Replayed"] == "true"
    assert client.post("/api/v1/notes", data=b'{"words": "two"}', headers=headers).status_code == 422
    assert kit.written() == ["one"]

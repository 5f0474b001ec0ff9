"""The same request fifty times at once, and again: one effect, one answer?"""

from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from io import BytesIO

from sqlalchemy import text
from werkzeug.test import TestResponse

from shared.service import database, idempotency
from tests.integration.service.conftest import OURS, THEIRS, Kit

TWINS = 50


def posts(kit: Kit, words: str, headers: dict[str, str]) -> TestResponse:
    return kit.app.test_client().post("/api/v1/notes", json={"words": words}, headers=headers)


def written(kit: Kit) -> int:
    with kit.mechanism.connect() as connection:
        return int(connection.execute(text("select count(*) from notes")).scalar_one())


def test_fifty_twins_have_one_effect_and_one_answer(kit: Kit) -> None:
    headers = kit.bearer(**{"Idempotency-Key": "k"})

    with ThreadPoolExecutor(TWINS) as twins:
        answers = list(twins.map(lambda _: posts(kit, "一", headers), range(TWINS)))
    answers.append(posts(kit, "一", headers))

    assert written(kit) == 1
    told = {(each.status_code, each.data, each.headers["ETag"], each.headers["Location"]) for each in answers}
    assert len(told) == 1
    assert sum("Replayed" not in each.headers for each in answers) == 1
    assert answers[0].status_code == HTTPStatus.CREATED


def test_another_body_under_the_same_key_is_refused(kit: Kit) -> None:
    headers = kit.bearer(**{"Idempotency-Key": "k"})
    posts(kit, "一", headers)

    answer = posts(kit, "二", headers)

    assert (answer.status_code, answer.json["code"]) == (422, "idempotency-key-reused")
    assert written(kit) == 1


def test_keys_belong_to_a_subject_and_a_district(kit: Kit) -> None:
    for bearer in (kit.bearer(), kit.bearer(role="city", districts=("*",), **{"Clearwater-District": THEIRS})):
        assert "Replayed" not in posts(kit, "一", bearer | {"Idempotency-Key": "k"}).headers
    assert written(kit) == 2


def test_a_refusal_is_not_stored(kit: Kit) -> None:
    headers = kit.bearer(**{"Idempotency-Key": "k"})

    assert [posts(kit, "禁", headers).status_code for _ in range(2)] == [409, 409]
    assert posts(kit, "可", headers).status_code == HTTPStatus.CREATED


def test_a_post_without_a_key_is_refused_and_a_careless_view_fails(kit: Kit) -> None:
    assert posts(kit, "一", kit.bearer()).json["code"] == "idempotency-key-missing"
    careless = kit.app.test_client().post("/api/v1/careless-notes", json={"words": "一"}, headers=kit.bearer())
    assert careless.status_code == HTTPStatus.INTERNAL_SERVER_ERROR


def test_an_upload_sent_again_is_the_same_request(kit: Kit) -> None:
    def upload(boundary: str, content: bytes) -> bool:
        parts = {"file": (BytesIO(content), "roll.xlsx"), "project": "p"}
        headers = kit.bearer(**{"Idempotency-Key": "u"})
        with (
            kit.app.test_request_context("/x", method="POST", data=parts, headers=headers),
            database.begin(kit.engine, district=OURS) as tx,
        ):
            assert boundary
            return "Replayed" in idempotency.once(tx, lambda: kit.app.make_response("done")).headers

    assert [upload("one", b"same"), upload("two", b"same")] == [False, True]

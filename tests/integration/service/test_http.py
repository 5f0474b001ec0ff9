"""Does the API take, answer and refuse as it declares?"""

from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

import pytest
from flask import Flask
from prometheus_client import REGISTRY
from sqlalchemy import text
from werkzeug.test import TestResponse

from shared.service import database, health
from shared.service.limits import Limits
from shared.service.migrations import Migrations
from tests.integration.service.conftest import OURS, THEIRS, Kit
from tests.support import errors


def written(kit: Kit, key: str, words: str = "一") -> str:
    answer = kit.app.test_client().post(
        "/api/v1/notes", json={"words": words}, headers=kit.bearer(**{"Idempotency-Key": key})
    )
    return str(answer.json["note_id"])


def test_a_foreign_id_is_an_unknown_id(kit: Kit) -> None:
    note = f"/api/v1/notes/{written(kit, 'k')}"
    client = kit.app.test_client()

    ours = client.get(note, headers=kit.bearer())
    theirs = client.get(note, headers=kit.bearer(districts=(THEIRS,)))

    assert (ours.status_code, ours.headers["ETag"]) == (HTTPStatus.OK, '"1"')
    assert (theirs.status_code, theirs.json["code"]) == (HTTPStatus.NOT_FOUND, "not-found")
    assert client.get(note, headers=kit.bearer(role="city", districts=("*",))).status_code == HTTPStatus.OK


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"words": "一", "extra": 1}, "/extra", "extra-forbidden"),
        ({}, "/words", "missing"),
        ({"words": "一", "copies": "5"}, "/copies", "int-type"),
        ({"words": "a\0b"}, "/words", "zero-character"),
    ],
)
def test_every_fault_of_a_body_is_named(kit: Kit, body: dict[str, object], pointer: str, code: str) -> None:
    answer = kit.app.test_client().post("/api/v1/notes", json=body, headers=kit.bearer(**{"Idempotency-Key": "k"}))

    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert answer.content_type == "application/problem+json"
    assert [(error["pointer"], error["code"]) for error in answer.json["errors"]] == [(pointer, code)]
    assert answer.json["next"]


def test_bodies_are_json_and_bounded(kit: Kit) -> None:
    def send(data: bytes, kind: str) -> int:
        headers = kit.bearer(**{"Idempotency-Key": "k", "Content-Type": kind})
        return kit.app.test_client().post("/api/v1/notes", data=data, headers=headers).status_code

    assert send(b"words=1", "application/x-www-form-urlencoded") == HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    assert send(b"{", "application/json") == HTTPStatus.UNPROCESSABLE_ENTITY
    assert send(b'{"words": "' + b"x" * 1_100_000 + b'"}', "application/json") == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


@pytest.mark.parametrize(("copies", "status"), [("1", 201), ("1.0", 201), ("1e0", 201), ("1.5", 422), ('"1"', 422)])
def test_an_integer_is_taken_however_json_writes_it(kit: Kit, copies: str, status: int) -> None:
    headers = kit.bearer(**{"Idempotency-Key": "k", "Content-Type": "application/json"})
    written = f'{{"words": "one", "copies": {copies}}}'

    assert kit.app.test_client().post("/api/v1/notes", data=written, headers=headers).status_code == status


def test_pages_follow_each_other_without_gap_or_repeat(kit: Kit) -> None:
    all_of_them = [written(kit, f"k{number}") for number in range(5)]
    client, seen, cursor = kit.app.test_client(), [], ""
    while cursor is not None:
        page = client.get(f"/api/v1/notes?limit=2{cursor}", headers=kit.bearer()).json
        seen += [item["note_id"] for item in page["items"]]
        cursor = f"&cursor={page['next']}" if page["next"] else None

    assert seen == all_of_them
    assert client.get("/api/v1/notes?limit=1000", headers=kit.bearer()).status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert client.get("/api/v1/notes?cursor=%00", headers=kit.bearer()).status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert client.get("/api/v1/notes?cursor=x", headers=kit.bearer()).json["code"] == "cursor-invalid"


@pytest.mark.parametrize(
    ("language", "title"),
    [("zh-CN", "不可写"), ("zh-HK", "不可寫"), ("en-GB,zh;q=0.5", "Forbidden word"), ("", "不可写")],
)
def test_refusals_speak_the_readers_language(kit: Kit, language: str, title: str) -> None:
    headers = kit.bearer(**{"Idempotency-Key": "k", "Accept-Language": language})
    answer = kit.app.test_client().post("/api/v1/notes", json={"words": "禁"}, headers=headers)

    assert answer.json["title"] == title
    assert answer.json["facts"] == {"words": "禁"}


@pytest.mark.logs_error("request failed")
def test_an_internal_error_shows_only_its_number(kit: Kit) -> None:
    answer = kit.app.test_client().get("/api/v1/failure", headers={"Correlation-Id": "call-7"})

    assert answer.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    assert answer.json["correlation_id"] == answer.headers["Correlation-Id"] == "call-7"
    assert "secret" not in answer.text


@pytest.mark.logs_error("refused with")
def test_a_refusal_that_is_not_declared_is_answered_and_counts_as_an_error(kit: Kit) -> None:
    answer = kit.app.test_client().get("/api/v1/surprises")

    assert (answer.status_code, answer.json["code"]) == (HTTPStatus.CONFLICT, "note-forbidden")
    assert errors.taken() == [
        "refused with a code that its route does not declare, note-forbidden, /api/v1/surprises",
        "refused with facts that its catalogue does not name, note-forbidden, ['stray']",
    ]


def test_health_and_metrics(kit: Kit) -> None:
    client = kit.app.test_client()
    client.get("/api/v1/notes", headers=kit.bearer())

    assert client.get("/live").status_code == client.get("/ready").status_code == HTTPStatus.OK
    assert 'route="/api/v1/notes",status="200"' in client.get("/metrics").text


def test_a_clerk_with_one_district_uses_that_district(kit: Kit) -> None:
    several = kit.bearer(districts=(OURS, THEIRS), **{"Idempotency-Key": "k"})
    client = kit.app.test_client()

    def post(**header: str) -> object:
        return client.post("/api/v1/notes", json={"words": "一"}, headers=several | header)

    assert post().json["code"] == "district-required"
    assert post(**{"Clearwater-District": "440399"}).status_code == HTTPStatus.NOT_FOUND
    assert post(**{"Clearwater-District": THEIRS}).status_code == HTTPStatus.CREATED


@pytest.mark.parametrize("named", ["*", "a/b", "44030", "440303,440305", ""])
def test_an_invalid_district_code_is_never_set_on_the_connection(kit: Kit, named: str) -> None:
    headers = kit.bearer(districts=("*",), **{"Idempotency-Key": "k", "Clearwater-District": named})

    answer = kit.app.test_client().post("/api/v1/notes", json={"words": "一"}, headers=headers)
    read = kit.app.test_client().get("/api/v1/notes", headers=headers)
    for refused in (answer, read):
        assert (refused.status_code, refused.json["code"]) == (HTTPStatus.BAD_REQUEST, "district-malformed")
    assert kit.written() == []


def test_an_edit_names_the_version_it_started_from(kit: Kit) -> None:
    client = kit.app.test_client()
    note = f"/api/v1/notes/{written(kit, 'k')}"

    def edit(words: str, **headers: str) -> TestResponse:
        return client.put(note, json={"words": words}, headers=kit.bearer(**headers))

    read = client.get(note, headers=kit.bearer()).headers["ETag"]
    assert (edit("二").status_code, edit("二").json["code"]) == (HTTPStatus.PRECONDITION_REQUIRED, "version-required")
    saved = edit("二", **{"If-Match": read})
    assert (saved.status_code, saved.headers["ETag"]) == (HTTPStatus.OK, '"2"')
    for stale in (read, "nonsense", '"3"', '"3-gzip"', '"2-other"'):
        late = edit("三", **{"If-Match": stale})
        assert (late.status_code, late.json["code"]) == (HTTPStatus.PRECONDITION_FAILED, "version-superseded")
    assert kit.written() == ["二"]
    for coded in ('"2-gzip"', 'W/"3-zstd"'):  # as the front door names the version of an answer that it has compressed
        assert edit("二", **{"If-Match": coded}).status_code == HTTPStatus.OK


def test_a_rate_limited_client_gets_a_retry_after(kit: Kit, make: Callable[..., Flask]) -> None:
    client = make(kit.engine, kit.meeting, Limits(per_second=0.5, burst=2)).test_client()
    limited = REGISTRY.get_sample_value("clearwater_http_limited_total", {"route": "/api/v1/notes"}) or 0

    answers = [client.get("/api/v1/notes", headers=kit.bearer()) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert (answers[2].json["code"], answers[2].headers["Retry-After"]) == ("too-many-requests", "2")
    assert client.get("/api/v1/notes", headers=kit.bearer(role="command")).status_code == HTTPStatus.OK
    assert REGISTRY.get_sample_value("clearwater_http_limited_total", {"route": "/api/v1/notes"}) == limited + 1


def test_a_process_is_not_ready_before_its_database_is(kit: Kit, tmp_path: Path) -> None:
    with kit.owner.begin() as owner:
        owner.execute(text("update alembic_version set version_num = '0000'"))
    behind = kit.app.test_client().get("/ready")
    nobody = database.connect("postgresql://kit_app@127.0.0.1:9/kit", application_name="kit")

    assert (behind.status_code, behind.text) == (503, "migrations are at 0000, not at 0001")
    assert kit.app.test_client().get("/live").status_code == HTTPStatus.OK
    with kit.owner.begin() as owner:
        owner.execute(text("update alembic_version set version_num = '0002'"))
        owner.execute(text("create table served_code as select '0002' as oldest"))
        owner.execute(text("grant select on served_code to kit_app"))
    ahead = kit.app.test_client().get("/ready")
    assert (ahead.status_code, ahead.text) == (503, "migrations are at 0002, not at 0001")
    with kit.owner.begin() as owner:
        owner.execute(text("update served_code set oldest = '0001'"))
    assert kit.app.test_client().get("/ready").status_code == HTTPStatus.OK
    assert health.ready(nobody, Migrations(tmp_path / "migrations"))() == "database: OperationalError"

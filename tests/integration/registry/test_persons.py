"""Persons are readable only for a stated reason, nowhere else, and never after they are forgotten."""

import json
import logging
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.registry.consumers import CONSUMER, KINDS, reactions
from services.registry.domain import sample
from shared.events import codec, topics
from shared.events.notify import KeyDropped
from shared.messaging.consumer import Consumer
from shared.messaging.ports import Message
from shared.service import database
from tests.integration.registry.conftest import DISTRICT, Registry, workbook


@pytest.fixture
def made() -> sample.Sample:
    return sample.made(seed=1, units=20, district=DISTRICT)


@pytest.fixture
def people(registry: Registry, made: sample.Sample) -> list[dict]:
    registry.imported(registry.project(made), workbook(made))
    return registry.get("/people?limit=200").json["items"]


def reveal(registry: Registry, person_id: str, *, role: str = "officer", district: str = DISTRICT):
    return registry.post(f"/people/{person_id}/reveals", {"reason": "上门前核对电话"}, role=role, district=district)


def test_a_reveal_is_recorded_with_the_name_of_the_reader(registry: Registry, made: sample.Sample, people: list[dict]):
    names = {line["name"] for line in made.holders}
    shown = reveal(registry, people[0]["person_id"]).json
    audited = registry.get("/reveals", role="auditor").json["items"]

    assert shown["name"] in names and shown["document_number"].startswith("*")
    assert [(entry["person_id"], entry["reason"], entry["roles"]) for entry in audited] == [
        (people[0]["person_id"], "上门前核对电话", ["officer"])
    ]


@pytest.mark.parametrize("role", ["auditor", "city"])
def test_a_role_without_access_to_persons_is_refused(registry: Registry, people: list[dict], role: str):
    assert reveal(registry, people[0]["person_id"], role=role).status_code == 403
    assert registry.get("/reveals", role="clerk").status_code == 403


def test_a_person_is_not_found_from_another_district(registry: Registry, people: list[dict]):
    assert reveal(registry, people[0]["person_id"], district="440305").status_code == 404
    assert registry.get(f"/people/{people[0]['person_id']}", district="440305").status_code == 404
    assert registry.get("/people", district="440305").json["items"] == []


def test_the_audit_list_cannot_be_corrected(registry: Registry, people: list[dict]):
    reveal(registry, people[0]["person_id"])
    for change in ("delete from reveals", "update reveals set reason = 'none'"):
        with pytest.raises(DBAPIError), database.begin(registry.engine, district=DISTRICT) as tx:
            tx.connection.execute(text(change))


def test_forgetting_deletes_the_key_and_lists_the_readers_that_dropped_it(registry: Registry, people: list[dict]):
    person_id = people[0]["person_id"]
    forgotten = registry.post(f"/people/{person_id}/forgetting", {"reason": "本人书面要求"}, role="command")
    assert forgotten.status_code == 201, forgotten.text
    assert reveal(registry, person_id).json["code"] == "person-forgotten"
    with registry.mechanism.connect() as connection:
        tombstone = connection.execute(
            text("select payload from events where type = 'clearwater.registry.key.deleted.v1' and key = :key"),
            {"key": person_id},
        ).scalar_one()
        vault = connection.execute(text("select count(*) from vault where person_id = :id"), {"id": person_id}).scalar()
    assert (tombstone, vault) == (None, 0)

    dropped = KeyDropped(
        person_id=UUID(person_id), key_id=UUID(forgotten.json["key_id"]), reader="notify", dropped_at=datetime.now(UTC)
    )
    consumer = Consumer(CONSUMER, registry.engine, _Once(dropped), reactions())
    consumer.run_once(wait_seconds=0)
    shown = registry.get(f"/people/{person_id}").json
    assert (shown["readers_dropped"], shown["masked_name"]) == (["notify"], "**")


class _Once:
    """A subscription with one event."""

    def __init__(self, event: KeyDropped) -> None:
        headers = {"time": datetime.now(UTC).isoformat(), "epoch": "1"}
        topic = f"clearwater.{DISTRICT}.notify-key"
        self._left = [Message(uuid4(), topic, event.key, 1, event.declared.type, codec.encode(event), headers)]

    pattern = topics.pattern(*KINDS)

    def answered(self) -> bool:
        return True

    def seen(self) -> frozenset[str]:
        return frozenset({topics.name(DISTRICT, "notify-key")})

    def poll(self, wait_seconds: float) -> list[Message]:
        polled, self._left = self._left, []
        return polled

    def commit(self) -> None:
        """Nothing to remember."""

    def lag(self) -> dict[str, int]:
        return {}

    def known_at(self) -> None:
        """Nothing is known of the broker."""

    def silent_seconds(self) -> float:
        return 0.0

    def close(self) -> None:
        """Nothing to close."""


def test_no_readable_person_stands_anywhere_but_in_an_answer(
    registry: Registry, made: sample.Sample, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    project_id = registry.project(made)
    registry.imported(project_id, workbook(made), commit=False)
    planted = {
        str(line[name])
        for line in made.holders
        for name in ("name", "document_number", "mobile", "email")
        if name in line
    }
    _scan(registry, planted)
    report = registry.imported(project_id, workbook(made))
    reveal(registry, registry.get("/people").json["items"][0]["person_id"])
    _scan(registry, planted)

    written = caplog.text + json.dumps(report) + registry.get(f"/projects/{project_id}/units?limit=200").text
    assert [value for value in planted if value in written] == []


def _scan(registry: Registry, planted: set[str]) -> None:
    """Every row of every table, as text; bytes columns as bytes."""
    with registry.mechanism.connect() as connection:
        tables = connection.execute(
            text(
                "select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'"
            )
        ).scalars()
        for table in list(tables):
            readable = connection.execute(
                text("select has_table_privilege(:table, 'select')"), {"table": table}
            ).scalar()
            if not readable:
                continue
            for row in connection.execute(text(f"select * from {table}")):
                stored = " ".join(
                    bytes(value).decode("utf-8", "replace") if isinstance(value, bytes | memoryview) else str(value)
                    for value in row
                )
                assert [value for value in planted if value in stored] == [], table

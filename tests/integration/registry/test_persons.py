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
from shared.events.registry import ContactDetails, ContactRecorded, KeyWrapped
from shared.messaging import sealing
from shared.messaging.consumer import Consumer
from shared.messaging.ports import Message
from shared.service import database
from tests.integration.registry.conftest import DISTRICT, PRIVATE, Registry, events_of, workbook


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

    notify_drops(registry, person_id, forgotten.json["key_id"])
    shown = registry.get(f"/people/{person_id}").json
    assert (shown["readers_dropped"], shown["masked_name"]) == (["notify"], "**")


def test_an_old_contact_on_the_bus_opens_with_no_key_once_the_person_is_forgotten(
    registry: Registry, people: list[dict]
):
    [person_id, *_] = (UUID(person["person_id"]) for person in people)
    old = next(event for event in events_of(registry, ContactRecorded) if event.person_id == person_id)
    assert ContactDetails.model_validate_json(opened(old, keys_on_the_bus(registry)[person_id])).name

    forgotten = registry.post(f"/people/{person_id}/forgetting", {"reason": "本人书面要求"}, role="command")
    assert forgotten.status_code == 201, forgotten.text

    assert old in events_of(registry, ContactRecorded)  # that topic keeps everything
    left = keys_on_the_bus(registry)
    assert len(left) == len(people) - 1 and person_id not in left
    for key in left.values():
        with pytest.raises(sealing.Unopened):
            opened(old, key)


@pytest.mark.parametrize("sent_before", [True, False])
def test_the_key_of_a_forgotten_person_leaves_the_journal_once_it_is_sent(
    registry: Registry, people: list[dict], sent_before: bool
):
    """Not sent before: it is needed until notify has confirmed."""
    [person_id, *others] = (person["person_id"] for person in people)
    if sent_before:
        all_sent(registry)
    forgotten = registry.post(f"/people/{person_id}/forgetting", {"reason": "本人书面要求"}, role="command")
    assert forgotten.status_code == 201, forgotten.text
    waiting = keys_in_the_journal(registry, person_id)
    all_sent(registry)
    notify_drops(registry, person_id, forgotten.json["key_id"])

    assert [value is None for value in waiting] == [sent_before] * len(waiting)
    assert set(keys_in_the_journal(registry, person_id)) == {None}
    assert all(None not in keys_in_the_journal(registry, other) for other in others)


@pytest.mark.parametrize(
    "change",
    [
        "update events set payload = null where type = 'clearwater.registry.key.wrapped.v1'",
        "update events set sequence = 99 where payload is null",
        "delete from events where payload is null",
        "truncate events cascade",
    ],
)
def test_nobody_changes_the_journal_not_even_in_the_name_of_an_erasure(
    registry: Registry, people: list[dict], change: str
):
    for engine in (registry.engine, registry.mechanism):
        with engine.connect() as connection:
            connection.execute(text("select set_config('clearwater.erases', 'keys', true)"))
            with pytest.raises(DBAPIError) as refused:
                connection.execute(text(change))
        assert refused.value.orig.sqlstate == "42501"


def test_the_key_of_a_person_who_is_not_forgotten_is_not_erased(registry: Registry, people: list[dict]):
    person_id = people[0]["person_id"]
    all_sent(registry)

    with database.begin(registry.engine, district=DISTRICT) as tx:
        tx.connection.execute(text("select erase_keys(:person)"), {"person": person_id})

    assert None not in keys_in_the_journal(registry, person_id)


def notify_drops(registry: Registry, person_id: str, key_id: str) -> None:
    dropped = KeyDropped(person_id=UUID(person_id), key_id=UUID(key_id), reader="notify", dropped_at=datetime.now(UTC))
    Consumer(CONSUMER, registry.engine, _Once(dropped), reactions()).run_once(wait_seconds=0)


def all_sent(registry: Registry) -> None:
    """As the relay notes it."""
    with registry.mechanism.begin() as connection:
        connection.execute(text("delete from unsent"))


def keys_in_the_journal(registry: Registry, person_id: str) -> list[bytes | None]:
    statement = text("select payload from events where type = 'clearwater.registry.key.wrapped.v1' and key = :key")
    with registry.mechanism.connect() as connection:
        return list(connection.execute(statement, {"key": person_id}).scalars())


def keys_on_the_bus(registry: Registry) -> dict[UUID, KeyWrapped]:
    """What a compacted topic keeps: of each person the last value, and of who was forgotten nothing."""
    with registry.mechanism.connect() as connection:
        rows = connection.execute(text("select key, payload from events where topic like '%registry-key' order by id"))
        last = {row.key: row.payload for row in rows}
    return {UUID(key): codec.decode(KeyWrapped, bytes(value)) for key, value in last.items() if value is not None}


def opened(contact: ContactRecorded, key: KeyWrapped) -> bytes:
    """As notify reads it, with its private key. Raises sealing.Unopened."""
    data_key = sealing.unwrap(
        key.wrapped["notify"], key_id=key.key_id, person_id=contact.person_id, reader="notify", private_key=PRIVATE
    )
    return sealing.open_sealed(
        contact.sealed, key=data_key, person_id=contact.person_id, event_type=contact.declared.type
    )


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

"""Is a key that waits listed with its reason, tried without effect, and redriven once, by those who may?"""

from uuid import UUID, uuid4

import pytest

from services.signing.consumers import CONSUMER
from shared.events import topics
from shared.messaging.ports import Message
from tests.integration.signing.conftest import DISTRICT, Desk
from tests.support import kit
from tests.support.parked import park
from tests.support.signing import District

TOPIC = topics.name(DISTRICT, "registry-unit")


def registered(district: District, unit_id: UUID, *sequences: int) -> list[Message]:
    """Revisions of a unit that signing does not know yet."""
    known = district.units[district.register()]
    events = [known.model_copy(update={"unit_id": unit_id, "unit_code": "HF-09-301", "revision": n}) for n in sequences]
    return [kit.message(event.key, event.revision, topic=TOPIC, event=event) for event in events]


def waiting(district: District) -> int:
    return int(district.rows("select count(*) from parked where released_at is null")[0][0])


def cases(district: District, unit_id: UUID) -> int:
    return int(district.rows("select count(*) from cases where unit_id = :unit", unit=unit_id)[0][0])


def listed(desk: Desk) -> list[dict[str, object]]:
    found = desk.ask("/parked", role="command").json
    assert found["decisions"] == ["accept-epoch", "keep-ours"]
    keys: list[dict[str, object]] = found["keys"]
    return keys


def test_a_key_is_listed_by_its_first_event_with_what_waits_behind_and_no_content(
    desk: Desk, district: District
) -> None:
    first, *later = registered(district, unit_id := uuid4(), 1, 2, 3)
    park(district.engine, CONSUMER, DISTRICT, first, *later, reason="unknown-field")

    answer = desk.ask("/parked", role="command")

    [row] = answer.json["keys"]
    assert (row["key"], row["topic"], row["sequence"], row["behind"]) == (str(unit_id), TOPIC, 1, 2)
    assert (row["reason"], row["event_id"], row["type"]) == ("unknown-field", str(first.event_id), first.type)
    assert {name for name in row if "payload" in name or "headers" in name} == set()
    assert "HF-09-301" not in answer.text


def test_a_dry_run_keeps_nothing_and_the_redrive_does_what_it_has_shown(desk: Desk, district: District) -> None:
    park(district.engine, CONSUMER, DISTRICT, *registered(district, unit_id := uuid4(), 1, 2))
    body = {"topic": TOPIC, "key": str(unit_id)}

    tried = desk.post("/parked/dry-run", body, role="command")
    before = (cases(district, unit_id), waiting(district))
    done = desk.post("/parked/redrive", body, role="command", key="once")
    again = desk.post("/parked/redrive", body, role="command", key="once")

    assert (tried.status_code, before) == (200, (0, 2))
    assert [row["outcome"] for row in tried.json["tried"]] == ["applied", "applied"]
    assert {row["table"] for row in tried.json["changes"]} >= {"cases", "parked"}
    assert (done.status_code, done.json["tried"], done.json["waits"]) == (201, tried.json["tried"], False)
    assert (cases(district, unit_id), waiting(district), listed(desk)) == (1, 0, [])
    assert (again.status_code, again.json, again.headers["Replayed"]) == (201, done.json, "true")
    assert desk.post("/parked/redrive", body, role="command").json["code"] == "parked-key-unknown"


def test_an_event_that_still_fails_stays_parked_with_its_reason_and_those_behind_it(
    desk: Desk, district: District
) -> None:
    [second] = registered(district, unit_id := uuid4(), 2)
    park(district.engine, CONSUMER, DISTRICT, second._replace(sequence=1, payload=b"{}"), second, reason="body-invalid")

    done = desk.post("/parked/redrive", {"topic": TOPIC, "key": str(unit_id)}, role="command")

    assert (done.status_code, len(done.json["tried"]), done.json["waits"]) == (201, 1, True)
    assert done.json["tried"][0]["outcome"] not in {"applied", "repeat"}
    [row] = listed(desk)
    assert (row["reason"], row["behind"], waiting(district)) == (done.json["tried"][0]["outcome"], 1, 2)


def test_two_events_under_one_number_need_a_decision_with_a_reason(desk: Desk, district: District) -> None:
    [foreign] = registered(district, unit_id := uuid4(), 1)
    park(district.engine, CONSUMER, DISTRICT, foreign, reason="diverged", ours=(ours := uuid4()))
    body = {"topic": TOPIC, "key": str(unit_id), "decision": "keep-ours"}

    undecided = desk.post("/parked/redrive", {**body, "decision": None}, role="command").json
    without = desk.post("/parked/redrive", body, role="command")
    theirs = desk.post("/parked/redrive", {**body, "decision": "accept-theirs", "reason": "x"}, role="command")
    row = listed(desk)[0]
    decided = desk.post("/parked/redrive", {**body, "reason": "compared with the paper"}, role="command")

    assert ([one["outcome"] for one in undecided["tried"]], undecided["waits"]) == (["diverged"], True)
    assert (without.status_code, without.json["code"]) == (422, "reason-missing")
    assert (theirs.status_code, theirs.json["code"]) == (409, "decision-not-possible")
    assert (row["reason"], row["ours"]) == ("diverged", str(ours))
    assert [one["outcome"] for one in decided.json["tried"]] == ["passed-over"]
    [kept] = district.rows("select event_id, decision, reason, decided_by from decisions")
    assert (kept.event_id, kept.decision, kept.reason) == (foreign.event_id, "keep-ours", "compared with the paper")
    assert kept.decided_by
    assert (cases(district, unit_id), listed(desk)) == (0, [])


@pytest.mark.parametrize("role", ["desk", "clerk", "officer", "auditor"])
def test_others_neither_see_nor_redrive(desk: Desk, role: str) -> None:
    body = {"topic": TOPIC, "key": str(uuid4())}

    assert desk.ask("/parked", role=role).status_code == 403
    assert desk.post("/parked/dry-run", body, role=role).status_code == 403
    assert desk.post("/parked/redrive", body, role=role).status_code == 403


def test_another_district_is_as_if_it_did_not_exist(desk: Desk, district: District) -> None:
    park(district.engine, CONSUMER, DISTRICT, *registered(district, unit_id := uuid4(), 1))
    other = Desk(desk.app, desk.issuer, district="440304")
    body = {"topic": TOPIC, "key": str(unit_id)}

    assert other.ask("/parked", role="command").json["keys"] == []
    assert other.post("/parked/redrive", body, role="command").json["code"] == "parked-key-unknown"
    assert other.post("/parked/redrive", body, role="command", **{"Clearwater-District": DISTRICT}).status_code == 404
    assert waiting(district) == 1

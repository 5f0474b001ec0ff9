"""Does a day's statement name exactly what an agency was given, and can neither it nor its number be changed afterwards?"""

import base64
import hashlib
import json
import runpy
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from joserfc.errors import BadSignatureError, JoseError
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from deploy.local import issuer as local_issuer
from deploy.local.place import ROOT
from services.reporting.store.statement_key import StatementKey
from services.reporting.workers.stating import Stating
from shared.events.day import business_day, midnight
from shared.events.registry import GrantRevoked
from shared.service import database, row_security
from tests.support.door import DISTRICT, Door
from tests.support.hooks import AGENCY, DRAFTED, OPENED, REGISTERED, SIGNED, Endpoint, Hooks
from tests.support.launch import granted
from tests.support.platform import Database
from tests.support.rebuilding import rebuilt
from tests.support.receiver import Answer, Receiver

KEY = StatementKey(base64.b64encode(bytes(range(32))).decode())
PAGE = ROOT / "docs" / "how-to" / "subscribe.md"
worked_check = runpy.run_path(str(ROOT / "examples" / "python" / "statement.py"))["check"]
TODAY = business_day(datetime.now(UTC))


def check(whole: str, keys: Any, taken: list[str], day: date = TODAY) -> str:
    wanted = {"district": DISTRICT, "agency": AGENCY, "business_on": day.isoformat()}
    return str(worked_check(whole, keys, taken, wanted))


def state(engine: Engine, day: date = TODAY, key: StatementKey = KEY) -> int:
    """How many statements a process makes that runs in the first hour after this day."""
    now = midnight(day + timedelta(days=1)) + timedelta(minutes=1)
    return Stating(engine, key, issuer="https://clearwater.example", now=lambda: now).run_once()


def signed(door: Door, day: date = TODAY) -> str:
    answer = door.get({"day": day.isoformat()}, path="statement")
    assert (answer.status_code, answer.content_type) == (200, "application/jose"), answer.text
    return answer.text


def stated(door: Door, day: date = TODAY) -> dict[str, Any]:
    payload = signed(door, day).split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return found


def lines(events: list[dict[str, Any]]) -> list[str]:
    """As the worked subscriber prints them."""
    return [f"event {it['lognumber']} {it['type']} {it['subject']} {it['id']}" for it in events]


def a_day(hooks: Hooks) -> None:
    launch = hooks.launch
    hooks.happen(*launch.opening(), *(launch.unit(number) for number in range(6)))
    hooks.happen(*(event for number in range(4) for event in launch.prepare(number)))
    hooks.happen(*(launch.sign(number) for number in range(4)))


def revoke(grant_id: UUID, agency: str = AGENCY) -> GrantRevoked:
    return GrantRevoked(agency=agency, grant_id=grant_id, reason="年度复核", revoked_at=datetime.now(UTC))


def test_feed_webhooks_journal_and_statement_agree_event_by_event(
    hooks: Hooks, door: Door, receiver: Receiver, engine: Engine
) -> None:
    hooks.grant(SIGNED, REGISTERED, OPENED)
    hooks.register(Endpoint(receiver.url))
    launch = hooks.launch
    events = [*launch.opening(), *(launch.unit(n) for n in range(6)), *(e for n in range(4) for e in launch.prepare(n))]
    events += [launch.sign(number) for number in range(4)]
    ids = hooks.happen(*events)
    hooks.run()

    state(engine)

    wanted = {
        event_id: event.declared.type
        for event_id, event in zip(ids, events, strict=True)
        if event.declared.type in (SIGNED, REGISTERED, OPENED)
    }
    taken, statement = door.read_all(limit=5), stated(door)
    assert sorted(it["id"] for it in taken) == sorted(wanted)
    assert sorted(receiver.ids()) == sorted(wanted)
    assert statement["by_type"] == Counter(wanted.values())
    assert statement["events"] == len(wanted)
    text_of = "".join(f"{it['lognumber']} {it['id']}\n" for it in taken)
    assert statement["digest"] == hashlib.sha256(text_of.encode()).hexdigest()
    assert statement["left_out_by_type"] == Counter(
        [it.declared.type for it in events if it.declared.type not in statement["event_types"]]
    ) + Counter(
        ["clearwater.registry.agency.registered.v1", "clearwater.registry.grant.approved.v1",
         "clearwater.registry.endpoint.registered.v1"]
    )  # fmt: skip
    assert statement["events"] + statement["left_out"] == statement["last_number"] - statement["after_number"]
    assert [(it["status"], it["events"]) for it in statement["undelivered"]] == [("open", 0)]


def test_the_check_of_the_worked_example_finds_a_missing_event_and_a_changed_byte(
    hooks: Hooks, door: Door, engine: Engine
) -> None:
    hooks.grant(SIGNED, REGISTERED)
    a_day(hooks)
    state(engine)
    keys, taken, whole = door.get(path="statement-keys").json, lines(door.read_all()), signed(door)

    assert check(whole, keys, taken).startswith("complete: 10 events")
    with pytest.raises(SystemExit, match="taken 9 events, stated 10"):
        check(whole, keys, taken[:4] + taken[5:])
    head, payload, signature = whole.split(".")
    for number in (0, len(payload) // 2, len(payload) - 2):
        other = "A" if payload[number] != "A" else "B"
        with pytest.raises(BadSignatureError):
            check(f"{head}.{payload[:number]}{other}{payload[number + 1 :]}.{signature}", keys, taken)
    forger = StatementKey(base64.b64encode(bytes(32)).decode())
    with pytest.raises(JoseError):
        check(forger.sign(stated(door)), keys, taken)


@pytest.mark.parametrize(
    "other",
    [{"district": "440305"}, {"agency": "tax-bureau"}, {"business_on": "2026-01-01"}],
    ids=lambda it: next(iter(it)),
)
def test_the_check_of_the_worked_example_refuses_a_statement_of_another_district_agency_or_day(
    hooks: Hooks, door: Door, engine: Engine, other: dict[str, str]
) -> None:
    hooks.grant(SIGNED, REGISTERED)
    a_day(hooks)
    state(engine)
    keys, taken, whole = door.get(path="statement-keys").json, lines(door.read_all()), signed(door)

    with pytest.raises(SystemExit, match=f"not {next(iter(other.values()))}"):
        worked_check(whole, keys, taken, other)


def test_the_page_names_every_field_of_a_statement_and_of_its_header(
    hooks: Hooks, door: Door, receiver: Receiver, engine: Engine
) -> None:
    hooks.grant(SIGNED, REGISTERED)
    hooks.register(Endpoint(receiver.url))
    a_day(hooks)
    hooks.run()
    state(engine)
    state(engine, TODAY + timedelta(days=1))

    section = PAGE.read_text(encoding="utf-8").partition("## 7. ")[2].partition("\n## ")[0]
    statement = stated(door, TODAY + timedelta(days=1))
    header = json.loads(base64.urlsafe_b64decode(signed(door).split(".")[0] + "=="))
    names = {
        *statement,
        *statement["previous"],
        *statement["undelivered"][0],
        *(header.keys() - {"alg"}),
        header["typ"],
    }
    assert [name for name in sorted(names) if f"`{name}`" not in section] == []


def test_the_page_computes_the_digest_as_the_statement_does() -> None:
    page = PAGE.read_text(encoding="utf-8")
    example = page.split("```text\n", 1)[1].split("```", 1)[0]

    assert hashlib.sha256(example.encode()).hexdigest() in page
    assert example.count("\n") == 2


def test_a_statement_says_what_an_endpoint_has_not_accepted(
    hooks: Hooks, door: Door, receiver: Receiver, engine: Engine
) -> None:
    receiver.answer = lambda posted: Answer(503 if posted.event["type"] == SIGNED else 204)
    hooks.grant(SIGNED, REGISTERED)
    endpoint = Endpoint(receiver.url)
    hooks.register(endpoint)
    a_day(hooks)
    hooks.run()

    state(engine)

    [found] = stated(door)["undelivered"]
    assert (found["endpoint_id"], found["events"]) == (str(endpoint.endpoint_id), 4)


def test_a_day_that_is_not_over_is_refused(hooks: Hooks, door: Door, engine: Engine) -> None:
    hooks.grant(SIGNED)
    state(engine, TODAY - timedelta(days=1))

    assert door.refused("statement", {"day": TODAY.isoformat()}) == (409, "day-not-over")
    assert door.refused("statement", {"day": str(TODAY - timedelta(days=3))}) == (404, "statement-unknown")
    assert door.get(path="statements").json == {"items": [], "next": None}


def test_after_a_month_of_standstill_every_day_is_stated_in_order(hooks: Hooks, door: Door, engine: Engine) -> None:
    hooks.grant(SIGNED, REGISTERED)
    a_day(hooks)

    made, again = state(engine, TODAY + timedelta(days=29)), state(engine, TODAY + timedelta(days=29))

    listed = [*reversed(door.get({"limit": 200}, path="statements").json["items"])]
    assert (made, again) == (30, 0)
    assert [it["business_on"] for it in listed] == [str(TODAY + timedelta(days=number)) for number in range(30)]
    assert [it["after_number"] for it in listed] == [0, *(it["last_number"] for it in listed[:-1])]
    paged, cursor = [], None
    while cursor or not paged:
        page = door.get({"limit": 7} | ({"cursor": cursor} if cursor else {}), path="statements").json
        paged, cursor = [*paged, *page["items"]], page["next"]
    assert [*reversed(paged)] == listed
    previous = [stated(door, date.fromisoformat(it["business_on"]))["previous"] for it in listed[:3]]
    assert previous[0] is None
    assert previous[2] == {
        "business_on": listed[1]["business_on"],
        "sha256": hashlib.sha256(signed(door, TODAY + timedelta(days=1)).encode()).hexdigest(),
    }


def test_an_event_after_the_end_of_its_day_is_named_by_the_next_statement(
    hooks: Hooks, door: Door, engine: Engine
) -> None:
    """The first statement is made as of now; what follows occurred on the same day."""
    hooks.grant(SIGNED, REGISTERED)
    a_day(hooks)
    state(engine)
    first = stated(door)
    late = hooks.happen(hooks.launch.unit(10), hooks.launch.unit(11))

    state(engine, TODAY + timedelta(days=1))

    second = stated(door, TODAY + timedelta(days=1))
    assert (second["after_number"], second["events"]) == (first["last_number"], len(late))
    assert second["late"] == [f"{first['last_number'] + 1}-{second['last_number']}"]
    assert first["late"] == []


def test_a_revoked_agency_gets_the_statement_of_its_last_day_and_none_after_it(
    hooks: Hooks, door: Door, engine: Engine
) -> None:
    grant_id = hooks.grant(SIGNED, REGISTERED)
    a_day(hooks)
    before = door.read_all()
    hooks.happen(hooks.launch.unit(12), revoke(grant_id), hooks.launch.unit(13))

    state(engine, TODAY + timedelta(days=5))

    assert door.refused() == (403, "grant-missing")
    assert len(door.get(path="statements").json["items"]) == 1
    assert check(signed(door), door.get(path="statement-keys").json, lines(before)).startswith("complete: 10 events")


def test_where_the_types_of_its_grants_grow_the_statement_begins_with_the_first_number(
    hooks: Hooks, door: Door, engine: Engine
) -> None:
    hooks.grant(SIGNED)
    a_day(hooks)
    state(engine)
    hooks.happen(granted("agency-two", types=(DRAFTED,), agency=AGENCY)[1])

    state(engine, TODAY + timedelta(days=1))

    assert [stated(door)["by_type"], stated(door, TODAY + timedelta(days=1))["by_type"]] == [
        {SIGNED: 4}, {DRAFTED: 4, SIGNED: 4},
    ]  # fmt: skip
    assert stated(door, TODAY + timedelta(days=1))["after_number"] == 0


def test_a_statement_can_be_read_by_its_agency_and_the_auditor_only(
    hooks: Hooks, door: Door, engine: Engine, issuer: tuple[str, Path]
) -> None:
    hooks.grant(SIGNED)
    state(engine)
    of_it = f"agencies/{AGENCY}/statement"

    def as_role(role: str, path: str, district: str = DISTRICT) -> int:
        other = Door(door.app, local_issuer.mint(issuer[1], role=role, districts=(district,)))
        return other.get({"day": TODAY.isoformat()}, path=path).status_code

    assert as_role("auditor", of_it) == as_role("city", of_it) == 200
    elsewhere = Door(door.app, local_issuer.mint(issuer[1], role="auditor", districts=("440305",)))
    assert elsewhere.get(path=f"{of_it}s").json == {"items": [], "next": None}
    assert [as_role(role, of_it) for role in ("agency", "desk", "officer")] == [403, 403, 403]
    assert as_role("agency", "statement", "440305") == 403
    assert door.app.test_client().get(f"/api/v1/districts/{DISTRICT}/statement-keys").json["keys"] == [KEY.public]


def test_statements_of_a_former_key_can_still_be_checked(hooks: Hooks, door: Door, engine: Engine) -> None:
    hooks.grant(SIGNED)
    a_day(hooks)
    state(engine)
    state(engine, TODAY + timedelta(days=1), StatementKey(base64.b64encode(bytes(32)).decode()))

    keys = door.get(path="statement-keys").json
    assert len(keys["keys"]) == 2
    assert check(signed(door), keys, lines(door.read_all()))
    assert check(signed(door, TODAY + timedelta(days=1)), keys, [], TODAY + timedelta(days=1))


@pytest.mark.parametrize("table", ["agency_statements", "statement_keys"])
@pytest.mark.parametrize("change", ["update {} set district = district", "delete from {}", "truncate {}"])
def test_the_database_refuses_to_change_a_statement_or_its_key(
    hooks: Hooks, engine: Engine, urls: Any, table: str, change: str
) -> None:
    hooks.grant(SIGNED)
    state(engine)
    owner = database.connect(urls.owner, application_name="test")

    with pytest.raises(DBAPIError, match=f"{table} is append-only"), database.begin(owner, district=DISTRICT) as tx:
        tx.connection.execute(text(change.format(table)))
    row_security.self_test(engine)
    owner.dispose()


def test_after_a_new_epoch_the_statement_begins_anew_and_a_revoked_agency_gets_none(
    hooks: Hooks, door: Door, engine: Engine, urls: Database
) -> None:
    hooks.grant(SIGNED, REGISTERED)
    other = hooks.grant(REGISTERED, agency="tax-bureau", client="agency-tax")
    a_day(hooks)
    hooks.happen(revoke(other, agency="tax-bureau"))
    state(engine)

    rebuilt(urls, hooks.bus.subscription("fill"), fill=True)
    made = state(engine, TODAY + timedelta(days=1))

    statement = stated(door, TODAY + timedelta(days=1))
    assert made == 1
    assert (statement["epoch"] > 1, statement["after_number"], statement["events"]) == (True, 0, 10)
    tomorrow = TODAY + timedelta(days=1)
    assert check(signed(door, tomorrow), door.get(path="statement-keys").json, lines(door.read_all()), tomorrow)


def test_an_agency_that_was_never_granted_anything_gets_no_statement(hooks: Hooks, engine: Engine) -> None:
    hooks.happen(granted("agency-two", types=(SIGNED,), agency="tax-bureau")[0])

    assert state(engine) == 0

"""What the pages of an agency's acts say beforehand, and that they show only the agency's own endpoints, deliveries and statements."""

import base64
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from deploy.local import issuer as local_issuer
from services.reporting.store.statement_key import StatementKey, checked
from services.reporting.web.agency_acts import ACTS
from services.reporting.workers.stating import Stating
from shared.events.day import SHANGHAI, business_day, midnight
from shared.events.registry import EndpointRemoved, GrantRevoked
from shared.web.languages import NAMES as LANGUAGES
from tests.support.door import DISTRICT
from tests.support.hooks import AGENCY, CASE, Endpoint, Hooks
from tests.support.receiver import Answer, Receiver

KEY = StatementKey(base64.b64encode(bytes(range(32))).decode())
TODAY = business_day(datetime.now(UTC))


class Engineer:
    """An agency's engineer who opens pages."""

    def __init__(self, app: Flask, issuer: tuple[str, Path], client: str = DISTRICT) -> None:
        token = local_issuer.mint(issuer[1], role="agency", districts=(client,))
        self._app, self._headers = app, {"Authorization": f"Bearer {token}", "Accept": "text/html"}

    def open(self, path: str, **query: object) -> TestResponse:
        query = {"language": "en", "district": DISTRICT, **query}
        return self._app.test_client().get(f"/agency{path}", headers=self._headers, query_string=query)

    def text(self, path: str, **query: object) -> str:
        found = self.open(path, **query)
        assert found.status_code == 200, found.text
        return found.text


@pytest.fixture
def engineer(app: Flask, issuer: tuple[str, Path]) -> Engineer:
    return Engineer(app, issuer)


@pytest.fixture
def endpoint(hooks: Hooks, receiver: Receiver) -> Endpoint:
    """Of an agency with a grant; three events were delivered to it."""
    it = Endpoint(receiver.url)
    hooks.grant(*CASE)
    hooks.register(it)
    hooks.happen(*[*hooks.launch.prepare(0)][:3])
    hooks.run()
    return it


def checks(page: str) -> dict[str, tuple[str, str]]:
    """By name: the state, and what was found."""
    rows = re.findall(
        r'<li class="(\w+)"><i[^>]*></i><b><span class="sr">[^<]*</span>([^<]*)</b><span[^>]*>([^<]*)', page
    )
    return {name: (state, unescape(found)) for state, name, found in rows}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("act", ACTS)
def test_each_act_shows_its_checks_and_what_follows_in_every_language(
    engineer: Engineer, endpoint: Endpoint, act: str, language: str
) -> None:
    page = engineer.text(f"/{act}", endpoint=endpoint.endpoint_id, language=language)

    assert (
        f'data-act="/api/{ACTS[act].service}/v1/districts/{DISTRICT}/endpoints/{endpoint.endpoint_id}{ACTS[act].path}"'
        in page
    )
    assert page.count('<ul class="follows">') == 1 and page.count('<ul class="follows never">') == bool(
        ACTS[act].unchanged
    )
    assert len(checks(page)) >= 3
    assert "act_" not in re.sub(r'(?:data|aria|class|id)[\w-]*="[^"]*"', "", page)


def test_an_act_on_another_agencys_endpoint_or_a_removed_one_is_not_found(
    engineer: Engineer, hooks: Hooks, endpoint: Endpoint
) -> None:
    theirs = Endpoint("https://theirs.example/in", agency="tax-bureau")
    hooks.grant(*CASE, agency="tax-bureau", client="agency-440305")
    hooks.register(theirs)

    for path in (*ACTS, "deliveries"):
        assert engineer.open(f"/{path}", endpoint=theirs.endpoint_id).status_code == 404, path
        assert engineer.open(f"/{path}", endpoint="no id").status_code == 404, path
    assert engineer.open("/explode", endpoint=endpoint.endpoint_id).status_code == 404
    hooks.happen(EndpointRemoved(agency=AGENCY, endpoint_id=endpoint.endpoint_id, removed_at=datetime.now(UTC)))
    assert engineer.open("/pause", endpoint=endpoint.endpoint_id).status_code == 404


@pytest.mark.parametrize("role", ["desk", "city", "command", "auditor"])
def test_nobody_but_an_agency_opens_a_page_of_an_act(
    app: Flask, issuer: tuple[str, Path], endpoint: Endpoint, role: str
) -> None:
    headers = {
        "Authorization": f"Bearer {local_issuer.mint(issuer[1], role=role, districts=(DISTRICT,))}",
        "Accept": "text/html",
    }

    for path in (*ACTS, "deliveries", "statements"):
        address = f"/agency/{path}?district={DISTRICT}&endpoint={endpoint.endpoint_id}"
        assert app.test_client().get(address, headers=headers).status_code == 403, path


def test_a_check_names_a_missing_grant_and_an_act_without_effect(
    engineer: Engineer, hooks: Hooks, receiver: Receiver
) -> None:
    grant_id = hooks.grant(*CASE)
    paused = Endpoint(receiver.url, active=False)
    hooks.register(paused)

    assert checks(engineer.text("/pause", endpoint=paused.endpoint_id))["Its state now"] == ("note", "paused")
    assert checks(engineer.text("/resume", endpoint=paused.endpoint_id))["Its state now"] == ("ok", "paused")
    hooks.happen(GrantRevoked(agency=AGENCY, grant_id=grant_id, reason="x", revoked_at=datetime.now(UTC)))
    assert checks(engineer.text("/rotate", endpoint=paused.endpoint_id))["Grants"][0] == "wrong"


def test_a_replay_is_counted_before_it_is_sent(engineer: Engineer, hooks: Hooks, endpoint: Endpoint) -> None:
    now = datetime.now(SHANGHAI)
    hour = {
        "since": f"{now - timedelta(hours=1):%Y-%m-%dT%H:%M}",
        "until": f"{now + timedelta(minutes=2):%Y-%m-%dT%H:%M}",
    }
    [event_id, other] = [
        str(row["event_id"]) for row in hooks.rows("select event_id from deliveries order by number limit 2")
    ]

    by_time = engineer.text("/replay", endpoint=endpoint.endpoint_id, **hour)
    assert checks(by_time)["Will be sent again"][1].startswith("3　")
    assert checks(by_time)["Of these accepted before"] == ("note", "3")
    assert f'name="since" data-kind="instant" value="{hour["since"]}"' in by_time
    by_id = engineer.text("/replay", endpoint=endpoint.endpoint_id, ids=f"{event_id}\n {other.upper()},")
    assert checks(by_id)["Will be sent again"][1].startswith("2　")
    assert f'data-kind="words" value="{event_id} {other}"' in by_id
    unknown = engineer.text("/replay", endpoint=endpoint.endpoint_id, ids=str(endpoint.endpoint_id))
    assert checks(unknown)["Will be sent again"][0] == "wrong" and "disabled" in unknown.split('class="acts end"')[1]


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ({"ids": "not an id"}, "This is no id of an event: not"),
        ({"ids": " , "}, "No id is given"),
        ({"ids": " ".join(f"00000000-0000-7000-8000-{number:012}" for number in range(1001))}, "1000 ids at most"),
        ({"since": "2026-02-30T10:00", "until": "2026-03-01T10:00"}, "This is no date and time"),
        ({"since": "2026-03-01T10:00"}, "This is no date and time"),
        ({"since": "2026-03-01T10:00", "until": "2026-03-01T10:00"}, "It must begin before it ends"),
        ({"since": "0001-01-01T00:00", "until": "9999-12-31T23:59"}, ""),
    ],
)
def test_a_replay_that_cannot_be_read_is_refused_at_its_field(
    engineer: Engineer, endpoint: Endpoint, query: dict[str, str], fault: str
) -> None:
    page = engineer.text("/replay", endpoint=endpoint.endpoint_id, **query)

    assert fault in page
    assert ('aria-invalid="true"' in page) == bool(fault)
    assert ("Choose a time or ids first" in page) == bool(fault)


def test_deliveries_are_listed_by_state_with_every_attempt_of_one(
    engineer: Engineer, hooks: Hooks, endpoint: Endpoint, receiver: Receiver
) -> None:
    receiver.answer = lambda _: Answer(503)
    [event_id] = hooks.happen(hooks.launch.unit(1))
    hooks.run()

    assert engineer.text("/deliveries", endpoint=endpoint.endpoint_id).count('name="id"') == 4
    waiting = engineer.text("/deliveries", endpoint=endpoint.endpoint_id, state="waiting", event=event_id)
    assert waiting.count('name="id"') == 1 and waiting.count("http-503") == 2
    assert engineer.open("/deliveries", endpoint=endpoint.endpoint_id, event=endpoint.endpoint_id).status_code == 404
    assert engineer.open("/deliveries", endpoint=endpoint.endpoint_id, before="x~y").status_code == 404
    [first] = hooks.rows("""
        select to_char(planned_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.USZ') as at, event_id from deliveries
        order by planned_at desc, deliveries.event_id desc limit 1
    """)
    older = engineer.text("/deliveries", endpoint=endpoint.endpoint_id, before=f"{first['at']}~{first['event_id']}")
    assert older.count('name="id"') == 3


def test_a_statement_is_shown_as_it_was_signed_and_can_be_taken_away(
    engineer: Engineer, hooks: Hooks, engine: Engine, endpoint: Endpoint
) -> None:
    assert "There is no statement yet" in engineer.text("/statements")
    tomorrow = midnight(TODAY + timedelta(days=1)) + timedelta(minutes=1)
    assert Stating(engine, KEY, issuer="https://clearwater.example", now=lambda: tomorrow).run_once() == 1

    page = engineer.text("/statements")
    overview = engineer.text("")

    assert 'data-signed="yes"' in page and KEY.key_id in page and f"Statement of {TODAY}" in page
    link = f"/api/reporting/v1/districts/{DISTRICT}/statement?day={TODAY}"
    assert f'href="{link}" download="statement-{AGENCY}-{DISTRICT}-{TODAY}.jws"' in page and link in overview
    assert engineer.open("/statements", day="2001-01-01").status_code == 404


def test_a_statement_that_no_public_key_has_signed_is_not_called_signed() -> None:
    foreign = StatementKey(base64.b64encode(bytes(range(1, 33))).decode())
    signed = foreign.sign({"events": 7})
    header, _, signature = signed.split(".")
    other = base64.urlsafe_b64encode(b'{"events":8}').decode().rstrip("=")
    changed = f"{header}.{other}.{signature}"

    assert checked(signed, [KEY.public, foreign.public]) == ({"events": 7}, foreign.key_id)
    assert checked(signed, [KEY.public]) == ({"events": 7}, None)
    assert checked(changed, [foreign.public]) == ({"events": 8}, None)
    assert checked(signed, []) == ({"events": 7}, None)


def test_the_trace_of_an_act_stands_above_the_endpoints(engineer: Engineer, endpoint: Endpoint) -> None:
    page = engineer.text("", endpoint=endpoint.endpoint_id, did="pause", revision=4)
    assert "It is paused" in page and "Version 4 at the registry" in page
    assert "7 events are sent again" in engineer.text("", endpoint=endpoint.endpoint_id, did="replay", events=7)
    assert 'class="callout ok"' not in engineer.text("", did="<script>")


def test_an_engineer_whom_no_agency_names_opens_no_page_below(
    app: Flask, issuer: tuple[str, Path], endpoint: Endpoint
) -> None:
    stranger = Engineer(app, issuer, client="440399")

    for path in ("/statements", "/deliveries", "/pause"):
        assert stranger.open(path, endpoint=endpoint.endpoint_id).status_code == 404, path

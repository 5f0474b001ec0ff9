"""What an agency's engineer sees: their own agency in each district that knows it, its endpoints and lag, and nobody else's."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from deploy.local import issuer as local_issuer
from shared.events.registry import DistrictOpened, GrantRevoked
from tests.support.hooks import CASE, CLIENT, DISTRICT, Endpoint, Hooks
from tests.support.launch import Bus, Numbering, granted
from tests.support.receiver import Answer, receiving


def page(
    app: Flask, issuer: tuple[str, Path], *, client: str = DISTRICT, role: str = "agency", **query: str
) -> TestResponse:
    token = local_issuer.mint(issuer[1], role=role, districts=(client,))
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/html"}
    return app.test_client().get("/agency", headers=headers, query_string={"language": "en", **query})


def test_an_engineer_whom_no_agency_names_reads_the_id_to_hand_in_and_nothing_else(
    app: Flask, issuer: tuple[str, Path], engine: Engine
) -> None:
    Bus(engine).deliver(Numbering().messages(DISTRICT, granted(CLIENT, types=CASE)))

    found = page(app, issuer, client="440305")

    assert found.status_code == 200
    assert "agency-440305" in found.text and "real-estate" not in found.text
    assert page(app, issuer, client="440305", district=DISTRICT).text.count("real-estate") == 0


def test_a_grant_without_an_endpoint_leads_to_the_first_event(
    app: Flask, issuer: tuple[str, Path], engine: Engine
) -> None:
    opened = DistrictOpened(district=DISTRICT, name="澄水区")
    Bus(engine).deliver(Numbering().messages(DISTRICT, [opened, *granted(CLIENT, types=CASE)]))

    found = page(app, issuer).text

    assert "Three steps to the first event" in found and "澄水区" in found
    assert f'data-act="/api/registry/v1/districts/{DISTRICT}/endpoints"' in found
    assert all(f"<option>{event_type}</option>" in found for event_type in CASE)


def test_a_district_that_does_not_know_the_agency_is_not_found(
    app: Flask, issuer: tuple[str, Path], engine: Engine
) -> None:
    Bus(engine).deliver(Numbering().messages(DISTRICT, granted(CLIENT, types=CASE)))

    assert page(app, issuer, district="440305").status_code == 404
    assert page(app, issuer, district="x").status_code == 404
    assert page(app, issuer, endpoint="no id", tried="'").status_code == 200


@pytest.mark.parametrize(
    ("language", "words"), [("zh", "接入说明"), ("zh-Hant", "接入說明"), ("en", "How to subscribe")]
)
def test_the_page_leads_to_the_way_in_also_who_is_not_named_yet(
    app: Flask, issuer: tuple[str, Path], engine: Engine, language: str, words: str
) -> None:
    Bus(engine).deliver(Numbering().messages(DISTRICT, granted(CLIENT, types=CASE)))

    for client in (DISTRICT, "440305"):
        found = page(app, issuer, client=client, language=language).text
        assert f'<a class="btn" href="/events/subscribe.md">{words}</a>' in found


@pytest.mark.parametrize("role", ["desk", "city", "command", "auditor"])
def test_nobody_but_an_agency_opens_the_page(app: Flask, issuer: tuple[str, Path], role: str) -> None:
    assert page(app, issuer, role=role).status_code == 403


def test_an_engineer_of_an_agency_opens_no_page_of_the_staff(app: Flask, issuer: tuple[str, Path]) -> None:
    headers = {
        "Authorization": f"Bearer {local_issuer.mint(issuer[1], role='agency', districts=())}",
        "Accept": "text/html",
    }

    for path in ("/wall", "/city", "/map", "/report", "/wall/displays"):
        assert app.test_client().get(path, headers=headers).status_code == 403, path


def test_a_revoked_grant_stands_at_the_top(app: Flask, issuer: tuple[str, Path], engine: Engine) -> None:
    numbering, bus, acts = Numbering(), Bus(engine), granted(CLIENT, types=CASE)
    bus.deliver(numbering.messages(DISTRICT, acts))
    ended = GrantRevoked(agency="real-estate", grant_id=acts[1].grant_id, reason="x", revoked_at=datetime.now(UTC))
    bus.deliver(numbering.messages(DISTRICT, [ended]))

    found = page(app, issuer).text

    assert "No grant is in force" in found
    assert "disabled" in found.split('id="add"')[1]


def test_a_failing_case_is_shown_first_and_the_others_go_on(
    app: Flask, issuer: tuple[str, Path], engine: Engine
) -> None:
    hooks = Hooks(engine)
    with receiving() as receiver:
        endpoint = Endpoint(receiver.url)
        hooks.grant(*CASE)
        hooks.register(endpoint)
        ill, well = ([*hooks.launch.prepare(number)][:3] for number in (0, 1))
        bad = str(ill[0].key)
        receiver.answer = lambda posted: Answer(503 if bad in posted.body.decode() else 204)
        hooks.happen(*ill, *well)
        hooks.run()
        hooks.endpoints.close()

    found = page(app, issuer).text
    held, others = (
        found.split('<ol class="lanes">')[1].split("</ol>")[0].split("<li")[1:][:1],
        found.count('class="held"'),
    )

    assert "1 case waits, all others go on" in found
    assert others == 1 and bad[-8:] in held[0] and "http-503" in held[0]
    assert held[0].count('data-state="failing"') == 1 and held[0].count('data-state="waiting"') == 2
    assert found.count('data-state="delivered"') == 3


def test_another_agencys_endpoints_are_not_seen(app: Flask, issuer: tuple[str, Path], engine: Engine) -> None:
    hooks = Hooks(engine)
    mine, theirs = Endpoint("https://mine.example/in"), Endpoint("https://theirs.example/in", agency="tax-bureau")
    hooks.grant(*CASE)
    hooks.grant(*CASE, agency="tax-bureau", client="agency-440305")
    hooks.register(mine, theirs)
    hooks.endpoints.close()

    found = page(app, issuer, endpoint=str(theirs.endpoint_id)).text

    assert "mine.example" in found and "theirs.example" not in found
    assert "theirs.example" in page(app, issuer, client="440305").text


def test_while_an_endpoint_is_awaited_no_act_is_offered_for_another_one(
    app: Flask, issuer: tuple[str, Path], engine: Engine
) -> None:
    hooks = Hooks(engine)
    known, awaited = Endpoint("https://mine.example/in"), Endpoint("https://new.example/in")
    hooks.grant(*CASE)
    hooks.register(known)

    before = page(app, issuer, endpoint=str(awaited.endpoint_id)).text
    assert 'id="awaited"' in before and "mine.example" in before
    assert 'id="acts-h"' not in before and 'id="test"' not in before
    hooks.register(awaited)
    hooks.endpoints.close()
    assert f"/endpoints/{awaited.endpoint_id}/tests" in page(app, issuer, endpoint=str(awaited.endpoint_id)).text

"""Does the auditor's page show what left for each agency, under whose grant, in the auditor's districts and in no other?"""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from deploy.local import issuer as local_issuer
from services.reporting.store.statement_key import StatementKey
from services.reporting.workers.stating import Stating
from shared.events.day import business_day, midnight
from shared.web.languages import NAMES as LANGUAGES
from tests.support.door import CLIENT, DISTRICT, Door
from tests.support.hooks import AGENCY, REGISTERED, Endpoint, Hooks
from tests.support.receiver import Receiver

KEY = StatementKey(base64.b64encode(bytes(range(32))).decode())
TODAY = business_day(datetime.now(UTC))


class Auditor:
    def __init__(self, app: Flask, issuer: tuple[str, Path], role: str = "auditor", district: str = DISTRICT) -> None:
        token = local_issuer.mint(issuer[1], role=role, districts=(district,))
        self._app, self._headers = app, {"Authorization": f"Bearer {token}", "Accept": "text/html"}

    def open(self, path: str = "", **query: str) -> TestResponse:
        query = {"language": "en", **query}
        return self._app.test_client().get(f"/taken{path}", headers=self._headers, query_string=query)


@pytest.fixture
def grant_id(hooks: Hooks, door: Door, receiver: Receiver) -> str:
    """An agency that took three events by the feed, and the same by webhook."""
    granted = hooks.grant(REGISTERED)
    hooks.register(Endpoint(receiver.url))
    hooks.happen(*(hooks.launch.unit(number) for number in range(3)))
    hooks.run()
    door.read_all(limit=2)
    return str(granted)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("role", ["auditor", "city"])
def test_the_page_shows_taker_way_numbers_and_grant(
    app: Flask, issuer: tuple[str, Path], grant_id: str, role: str, language: str
) -> None:
    page = Auditor(app, issuer, role).open(language=language).text

    assert f'data-district="{DISTRICT}" data-agency="{AGENCY}"' in page
    by_hour = page.split('id="hours-h"')[1].split("</section>")[0]
    assert by_hour.count(f'href="#grant-{grant_id}"') == by_hour.count("<tr>") - 1 >= 2
    assert CLIENT in by_hour and "http://127.0.0.1" in page.split('id="takers-h"')[1].split("</section>")[0]
    assert "taken." not in page.replace("taken.js", "").split('data-words="')[1].split('">', 1)[1]


def test_older_hours_follow_and_a_mistyped_place_is_not_found(
    app: Flask, issuer: tuple[str, Path], grant_id: str
) -> None:
    auditor = Auditor(app, issuer)
    of_agency = {"district": DISTRICT, "agency": AGENCY}

    before_all = auditor.open(**of_agency, before="2001-01-01T00:00:00+00:00~1~feed~a~b").text
    assert f"#grant-{grant_id}" not in before_all.split('id="hours-h"')[1]
    after_all = auditor.open(**of_agency, before="2999-01-01T00:00:00+00:00~1~feed~a").text
    assert f"#grant-{grant_id}" in after_all.split('id="hours-h"')[1]
    for wrong in ("", "x", "2026-01-01", "2026-01-01~x~feed~a", "9999-12-31T23:59:59-23:00~1~feed~a"):
        assert auditor.open(**of_agency, before=wrong).status_code == 404, wrong


@pytest.mark.parametrize("role", ["agency", "desk", "command", "clerk", "officer"])
def test_only_auditor_and_city_may_open_the_page_of_what_was_taken(
    app: Flask, issuer: tuple[str, Path], grant_id: str, role: str
) -> None:
    assert Auditor(app, issuer, role).open().status_code == 403, grant_id
    assert Auditor(app, issuer, role).open("/statements", district=DISTRICT, agency=AGENCY).status_code == 403


def test_an_auditor_of_another_district_sees_nothing_of_it(app: Flask, issuer: tuple[str, Path], grant_id: str) -> None:
    other = Auditor(app, issuer, district="440399")

    assert AGENCY not in other.open().text and "There is no agency yet" in other.open().text, grant_id
    for path in ("", "/statements"):
        assert other.open(path, district=DISTRICT, agency=AGENCY).status_code == 404
        assert Auditor(app, issuer).open(path, district=DISTRICT, agency="'").status_code == 404


def test_the_statement_is_the_one_that_the_agency_has(
    app: Flask, issuer: tuple[str, Path], engine: Engine, grant_id: str
) -> None:
    auditor = Auditor(app, issuer)
    of_agency = {"district": DISTRICT, "agency": AGENCY}
    assert "There is no statement yet" in auditor.open("/statements", **of_agency).text, grant_id
    tomorrow = midnight(TODAY + timedelta(days=1)) + timedelta(minutes=1)
    Stating(engine, KEY, issuer="https://clearwater.example", now=lambda: tomorrow).run_once()

    page = auditor.open("/statements", **of_agency, day=str(TODAY)).text

    assert 'data-signed="yes"' in page and f"Statement of {TODAY}" in page
    assert f'href="/api/reporting/v1/districts/{DISTRICT}/agencies/{AGENCY}/statement?day={TODAY}"' in page

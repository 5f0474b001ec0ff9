"""Does a screen see its wall and nothing else, from the code that command shows until command takes it back?"""

import json
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from services.reporting import application, wiring
from services.reporting.api.live import Hub
from services.reporting.projections.reactions import CONSUMER, reactions
from services.reporting.store import model_schema
from services.reporting.workers import rebuild
from shared.service import database, factory, session
from shared.service.clock import RealClock
from tests.support.launch import Bus, Launch, Numbering
from tests.support.platform import Database
from tests.support.serving import Settings

_URL = "http://localhost"
_PAGE = {"Accept": "text/html"}


class Place:
    """Two projects in one district, one in another; the application, and who comes to it."""

    def __init__(self, engine: Engine, issuer: str) -> None:
        self.engine, self.settings = engine, Settings(issuer)
        self.mine, self.other, self.foreign = Launch(units=4), Launch(units=4, name="另一片"), Launch("440399", units=4)
        self.other.named = lambda what: Launch("440304").named(what)  # type: ignore[method-assign]
        self.bus, numbering = Bus(engine, ("440303", "440399")), Numbering()
        for launch in (self.mine, self.other, self.foreign):
            facts = [*launch.opening(), *launch.register(), launch.freeze()]
            self.bus.deliver(numbering.messages(launch.district, facts))
        shared = {"engine": engine, "clock": RealClock(), "settings": self.settings, "migrations": wiring.MIGRATIONS}
        self.app = factory.create(
            "reporting", **shared, blueprints=application.BLUEPRINTS, problem_files=application.PROBLEMS
        )
        self.hub = Hub(engine, RealClock())
        self.streams = factory.create(
            "reporting",
            **shared,
            blueprints=(application.stream,),
            problem_files=application.PROBLEMS,
            resources=self.hub,
        )

    def person(self, role: str = "command", district: str = "440303", app: Flask | None = None) -> FlaskClient:
        client = (app or self.app).test_client()
        values = {"sub": role, "name": "周明", "roles": [role], "districts": [district]}
        sealed = session.seal(values, secret=self.settings.session_secret, purpose="session", seconds=3600)
        client.set_cookie(session.cookie_name(_URL), sealed)
        return client

    def code(self, **form: str) -> str:
        wanted = {"project": str(self.mine.project_id), "name": "大厅东屏", **form}
        page = self.person().post("/wall/displays", data=wanted, headers={"Origin": _URL, **_PAGE})
        found = re.search(r'id="code">([^<]+)<', page.text)
        assert found, page.text[:400]
        return found.group(1)

    def screen(self, code: str) -> FlaskClient:
        client = self.app.test_client()
        answer = client.post("/wall/display", data={"code": code}, headers={"Origin": _URL, **_PAGE})
        assert (answer.status_code, answer.location) == (303, "/wall"), answer.text[:400]
        return client

    def tried(self, code: str) -> int:
        client = self.app.test_client()
        return client.post("/wall/display", data={"code": code}, headers={"Origin": _URL, **_PAGE}).status_code

    def rows(self) -> list:
        with database.reading(self.engine, granted=["*"]) as tx:
            return list(tx.connection.execute(text("select * from display_grants order by granted_at")).mappings())

    def revoke(self, role: str = "command", district: str = "440303") -> int:
        address = f"/wall/displays/{self.rows()[0]['grant_id']}/revoke"
        return self.person(role, district).post(address, headers={"Origin": _URL, **_PAGE}).status_code

    def change(self, statement: str) -> None:
        with database.begin(self.engine, district="440303") as tx:
            tx.connection.execute(text(statement))


@pytest.fixture
def place(engine: Engine, issuer: tuple[str, Path]) -> Place:
    return Place(engine, issuer[0])


def test_a_screen_without_a_session_is_offered_both_ways_and_shows_its_wall_once_it_has_typed_the_code(place):
    offered = place.app.test_client().get("/wall", headers=_PAGE)
    assert offered.status_code == 401
    assert 'name="code"' in offered.text and 'href="/login?next=' in offered.text

    screen = place.screen(place.code().lower())
    wall = screen.get("/wall?language=en", headers=_PAGE)

    assert wall.status_code == 200 and 'id="n"' in wall.text and f'data-project="{place.mine.project_id}"' in wall.text
    assert (
        "/map" not in wall.text
        and "/city" not in wall.text
        and "/logout" not in wall.text
        and "session.js" not in wall.text
    )


def test_the_address_of_the_form_leads_to_the_wall_which_asks_for_the_code(place):
    answer = place.app.test_client().get("/wall/display", headers=_PAGE)

    assert (answer.status_code, answer.headers["Location"]) == (302, "/wall")


def test_a_screen_is_refused_everything_but_its_wall_and_its_stream(place):
    screen = place.screen(place.code())
    project = f"/api/v1/projects/{place.mine.project_id}/rates"

    for path in ("/map", "/city", "/wall/displays", "/api/v1/projects", project, "/api/v1/city"):
        answer = screen.get(path, headers=_PAGE)
        assert answer.status_code in {302, 401, 403}, path
        assert "澄水湾" not in answer.text, path
    for launch in (place.other, place.foreign):
        assert screen.get(f"/wall?project={launch.project_id}", headers=_PAGE).status_code == 404
    assert screen.post(
        "/wall/displays", data={"project": str(place.mine.project_id)}, headers={"Origin": _URL}
    ).status_code in {401, 403}


def test_the_stream_of_a_screen_carries_its_project_alone_and_ends_when_the_grant_is_taken_back(place, monkeypatch):
    screen = place.screen(place.code())
    name = session.cookie_name(_URL, "display")
    reader = place.streams.test_client()
    reader.set_cookie(name, screen.get_cookie(name).value)
    assert reader.get("/api/v1/stream?district=440399").status_code == 404

    answer = reader.get("/api/v1/stream?district=440303", buffered=False)
    parts = (part for chunk in answer.response for part in chunk.decode().split("\n\n") if part.startswith("event: "))
    data = json.loads(next(parts).split("data: ", 1)[1])
    person = place.hub.since("440303", None)[0]

    assert [project["project_id"] for project in data["projects"]] == [str(place.mine.project_id)]
    assert len(json.loads(person.data)["projects"]) == 2
    assert place.revoke() == 303
    assert list(parts) == []  # within seconds the stream ends by itself
    assert reader.get("/api/v1/stream?district=440303").status_code == 401


def test_only_digests_are_kept_and_a_code_works_once(place):
    code = place.code()
    screen = place.screen(code)
    (row,) = place.rows()
    name = session.cookie_name(_URL, "display")
    held = session.opened(screen.get_cookie(name).value, secret=place.settings.session_secret, purpose="display")

    kept = " ".join(str(value) for value in row.values())
    assert held["token"] not in kept and code.split()[1] not in kept.replace(row["token_digest"], "")
    assert place.tried(code) == 403
    cookie = screen.get_cookie(name)
    assert cookie.http_only and cookie.same_site == "Lax" and "_80_" in cookie.key


def test_a_code_ends_after_ten_minutes_and_after_five_wrong_tries(place, urls):
    code = place.code()
    wrong = [f"{code.split()[0]} {'2222' if code.split()[1] != '2222' else '3333'}"] * 5
    assert [place.tried(item) for item in wrong] == [403] * 5
    assert place.tried(code) == 403

    later = place.code()
    owner = database.connect(urls.owner, application_name="test")
    with database.begin(owner, district="440303") as tx:  # the service may not
        over = "update display_grants set code_expires_at = clock_timestamp() - interval '1 second' where tries = 0"
        assert tx.connection.execute(text(over)).rowcount == 1
    owner.dispose()
    assert place.tried(later) == 403


def test_a_screen_whose_grant_is_revoked_or_over_sees_nothing_any_more(place):
    screen = place.screen(place.code())
    assert screen.get("/wall/display/state").status_code == 204
    assert place.revoke() == 303

    assert screen.get("/wall/display/state").status_code == 401
    assert screen.get("/wall", headers=_PAGE).status_code == 401
    assert place.revoke() == 404

    another = place.screen(place.code())
    place.change("update display_grants set expires_at = clock_timestamp() where revoked_at is null")
    assert another.get("/wall", headers=_PAGE).status_code == 401


def test_only_command_of_the_district_grants_lists_and_revokes(place):
    place.screen(place.code())
    listed = place.person().get("/wall/displays", headers=_PAGE)
    assert listed.status_code == 200 and "大厅东屏" in listed.text

    assert "大厅东屏" not in place.person(district="440399").get("/wall/displays", headers=_PAGE).text
    assert place.revoke(district="440399") == 404
    for role in ("clerk", "desk", "officer", "city", "auditor"):
        assert place.person(role).get("/wall/displays", headers=_PAGE).status_code == 403, role
        assert place.revoke(role) == 403, role
    wanted = {"project": str(place.foreign.project_id), "name": "x"}
    assert place.person().post("/wall/displays", data=wanted, headers={"Origin": _URL}).status_code == 404


def test_another_sites_form_neither_signs_a_screen_in_nor_takes_one_back(place):
    code = place.code()
    client = place.app.test_client()

    assert (
        client.post("/wall/display", data={"code": code}, headers={"Origin": "http://evil.example"}).status_code == 403
    )
    assert place.person().post("/wall/displays", data={}, headers={"Origin": "http://evil.example"}).status_code == 403
    assert place.rows()[0]["since"] is None


@pytest.mark.parametrize("purpose", ["session", "renewal"])
def test_a_display_cookie_opens_nothing_as_a_session_nor_a_session_as_a_display(place, purpose):
    held = {"grant": "x", "district": "440303", "token": "x"}
    client = place.app.test_client()
    sealed = session.seal(held, secret=place.settings.session_secret, purpose=purpose, seconds=60)
    client.set_cookie(session.cookie_name(_URL, "display"), sealed)

    assert client.get("/wall", headers=_PAGE).status_code == 401


def test_a_rebuild_of_the_read_model_leaves_the_grants_alone(place, urls: Database):
    screen = place.screen(place.code())
    before = place.rows()
    shadow = wiring.engine(urls.app, "shadow", search_path=model_schema.SEARCH_PATH_NEXT)
    owner = database.connect(urls.owner, application_name="rebuild")
    lines: list[str] = []

    rebuild.Rebuild(
        "reporting",
        wiring.MIGRATIONS.model_statements(),
        owner=owner,
        shadow=shadow,
        subscription=place.bus.subscription("rebuild"),
        consumer=CONSUMER,
        reactions=reactions(),
        show_line=lines.append,
    ).run()

    assert lines[-1].startswith("rebuilt from")
    assert place.rows() == before
    assert screen.get("/wall/display/state").status_code == 204
    assert screen.get("/wall", headers=_PAGE).status_code == 200
    owner.dispose()

"""Can one subject keep all others out of the stream's process? For each route that it serves."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from deploy.local.issuer import mint
from services.reporting import application, wiring
from services.reporting.api import live, watch
from services.reporting.api.live import Hub
from services.reporting.commands.displays import grant, pair
from shared.service import factory, session
from shared.service.clock import RealClock
from tests.support.door import CLIENT, DISTRICT
from tests.support.launch import Bus, Launch, Numbering, granted
from tests.support.serving import Settings

TYPES = ("clearwater.signing.agreement.signed.v1", "clearwater.registry.unit.registered.v1")
OTHER_CLIENT = "agency-440304"
_STREAM = {"Accept": "text/event-stream"}
Opener = Callable[[], TestResponse]


class Process:
    """The stream's process, with people, screens and clients of agencies that come to it."""

    def __init__(self, engine: Engine, issuer: tuple[str, Path]) -> None:
        self.engine, self.key, self.settings = engine, issuer[1], Settings(issuer[0])
        self.hub, self.launch = Hub(engine, RealClock()), Launch(units=4)
        clients = [*granted(CLIENT, types=TYPES), *granted(OTHER_CLIENT, types=TYPES, agency="other")]
        facts = [*self.launch.opening(), *self.launch.register(), *clients]
        Bus(engine).deliver(Numbering().messages(DISTRICT, facts))
        self.app: Flask = factory.create(
            "reporting",
            engine=engine,
            clock=RealClock(),
            settings=self.settings,
            blueprints=application.STREAMED,
            problem_files=application.PROBLEMS,
            migrations=wiring.MIGRATIONS,
            resources=self.hub,
        )

    def person(self, role: str) -> Opener:
        return self._with_token(f"/stream?district={DISTRICT}", mint(self.key, role=role, districts=(DISTRICT,)))

    def screen(self) -> Opener:
        secret = self.settings.session_secret
        place = {"district": DISTRICT, "project_id": self.launch.project_id}
        code = grant(self.engine, **place, name="大厅东屏", granted_by="周明", secret=secret)
        held = pair(self.engine, code, secret=secret)
        cookie = session.seal(held, secret=secret, purpose="display", seconds=3600)
        client = self.app.test_client()
        client.set_cookie(session.cookie_name(self.settings.public_url, "display"), cookie)
        return lambda: _begun(client.get(f"/api/v1/stream?district={DISTRICT}", headers=_STREAM, buffered=False))

    def agency(self, client: str) -> Opener:
        token = mint(self.key, role="agency", districts=(client.removeprefix("agency-"),))
        return self._with_token(f"/districts/{DISTRICT}/feed", token)

    def _with_token(self, path: str, token: str) -> Opener:
        headers = {**_STREAM, "Authorization": f"Bearer {token}"}
        return lambda: _begun(self.app.test_client().get(f"/api/v1{path}", headers=headers, buffered=False))


def _begun(answer: TestResponse) -> TestResponse:
    if answer.status_code == 200:
        next(iter(answer.response))
    return answer


@pytest.fixture
def process(engine: Engine, issuer: tuple[str, Path]) -> Process:
    return Process(engine, issuer)


# For each route that the stream's process serves: how many streams one subject may have, and two subjects.
_SUBJECTS: dict[str, list[tuple[int, Callable[[Process], tuple[Opener, Opener]]]]] = {
    "/api/v1/stream": [
        (live.MOST_STREAMS, lambda it: (it.person("command"), it.person("city"))),
        (live.MOST_STREAMS, lambda it: (it.screen(), it.screen())),
    ],
    "/api/v1/districts/<district>/feed": [
        (watch.MOST_READERS, lambda it: (it.agency(CLIENT), it.agency(OTHER_CLIENT))),
    ],
}


def test_a_subject_has_so_many_streams_of_each_route_and_keeps_nobody_else_out(process: Process) -> None:
    routes = {
        str(rule)
        for rule in process.app.url_map.iter_rules()
        if getattr(process.app.view_functions[rule.endpoint], "declared", None) is not None
    }
    assert routes == set(_SUBJECTS), "a route of the stream's process needs a bound for each subject, and a line above"

    for most, subjects in (line for lines in _SUBJECTS.values() for line in lines):
        first, second = subjects(process)
        open_ones = [first() for _ in range(most)]
        refused, other = first(), second()

        assert {answer.status_code for answer in (*open_ones, other)} == {200}
        assert (refused.status_code, refused.json["code"]) == (429, "readers-too-many")
        assert int(refused.headers["Retry-After"]) > 0
        open_ones.pop().close()
        again = first()
        assert again.status_code == 200
        for answer in (*open_ones, other, again):
            answer.close()
    assert not process.hub._readers


def test_a_look_at_the_headers_takes_no_place(process: Process) -> None:
    token = mint(process.key, role="desk", districts=(DISTRICT,))
    for _ in range(live.MOST_STREAMS + 1):
        headers = {"Authorization": f"Bearer {token}"}
        answer = process.app.test_client().head(f"/api/v1/stream?district={DISTRICT}", headers=headers)
        answer.close()  # as every server does
        assert answer.status_code == 200
    assert not process.hub._readers

"""What do people of the demo and of the sandbox do when a service refuses them, or does not answer?"""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from deploy.declaration import FRONT_DOOR, PORTS
from deploy.demo.people import Person, Refusal, Stuck
from deploy.local import issuer
from deploy.local.place import Place

PROBLEM = {
    "type": "about:blank",
    "code": "district-not-open",
    "title": "该区尚未开设",
    "next": "请先开设该区",
    "trace_id": "0af7",
}


def refusal(answer: httpx.Response) -> Refusal:
    return Refusal("POST /agencies", answer)


def test_a_refusal_says_its_code_what_is_wrong_and_what_to_do() -> None:
    found = refusal(httpx.Response(409, json=PROBLEM, headers={"Content-Type": "application/problem+json"}))

    assert str(found) == "POST /agencies: 409 district-not-open · 该区尚未开设 · 请先开设该区"
    assert found.problem == PROBLEM


def test_an_answer_without_a_problem_document_is_shown_unchanged() -> None:
    assert str(refusal(httpx.Response(502, text="bad gateway"))) == "POST /agencies: 502 bad gateway"


@pytest.fixture
def services(tmp_path: Path) -> Iterator[tuple[Place, list[str]]]:
    """Services that give no answer to the first two requests of each key, and the keys of what they were sent."""
    issuer.prepare(tmp_path, issuer="http://127.0.0.1:1")
    received: list[str] = []

    class AwayForAMoment(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.headers["Idempotency-Key"])
            self.rfile.read(int(self.headers["Content-Length"]))
            if received.count(received[-1]) > 2:
                self.send_response(201)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")
            self.close_connection = True

    with ThreadingHTTPServer(("127.0.0.1", 0), AwayForAMoment) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Place(tmp_path, server.server_port - PORTS[FRONT_DOOR]), received
        server.shutdown()


def test_a_request_is_sent_again_under_its_key_while_the_front_door_is_away(
    services: tuple[Place, list[str]],
) -> None:
    place, received = services
    with Person(place, "desk", "440303", front=True) as desk:
        assert desk.post("signing", "/x", {}, key="one") == {}

    assert received == ["one", "one", "one"]


def test_whoever_gets_no_answer_for_long_says_where_it_is_missing(services: tuple[Place, list[str]]) -> None:
    place, received = services
    with (
        Person(place, "desk", "440303", front=True, patience_seconds=0) as desk,
        pytest.raises(Stuck, match=f"POST {place.front_url}/.*Is it running"),
    ):
        desk.post("signing", "/x", {}, key="one")

    assert received == ["one"]

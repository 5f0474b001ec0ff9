"""Does the front door pass only what it should, complete and without delay? Real Caddy in front of an echo application."""

import gzip
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest
from flask import Flask, Response, jsonify, request

from deploy import declaration
from deploy.declaration import PORTS, SERVICES
from deploy.front_door import caddyfile
from deploy.local.place import ROOT
from shared.events import structured
from shared.service.front import Door
from tests.support import slow_clients
from tests.support.eventually import eventually
from tests.support.ports import free_port
from tests.support.serving import served

SECRET = "known to the door and the services"
SOON_SECONDS = 5.0
LINES = b'{"an": "event"}\n' * 400


@dataclass
class Site:
    """All declared processes at one address of the test, and the door at a free port."""

    behind: str
    secure: bool = False
    bind: str = "127.0.0.1"
    clock_file: str = ""
    front: int = field(default_factory=free_port)

    def host(self, _: str) -> str:
        return "127.0.0.1"

    def port(self, name: str) -> int:
        return self.front if name == declaration.FRONT_DOOR else int(self.behind.rpartition(":")[2])

    @property
    def front_url(self) -> str:
        return f"{'https' if self.secure else 'http'}://127.0.0.1:{self.front}"

    def public_url(self, _: str) -> str:
        return self.behind

    def secret(self, _: str) -> str:
        return SECRET

    def file(self, *_: str) -> str:
        return ""


class Telling:
    """An application that echoes every request."""

    def __init__(self) -> None:
        self.app, self.bodies, self.go_on = Flask("registry", static_folder=None), [], threading.Event()
        self.app.wsgi_app = Door(self.app.wsgi_app, name="registry", secret=SECRET)  # type: ignore[method-assign]
        self.app.add_url_rule("/", view_func=self.echo, defaults={"path": ""}, methods=["GET", "POST"])
        self.app.add_url_rule("/<path:path>", view_func=self.echo, methods=["GET", "POST"])
        self.app.add_url_rule("/live", view_func=lambda: "live")  # the door's own question
        for path in ("/stream", "/districts/<district>/feed"):
            self.app.add_url_rule(f"/api/reporting/v1{path}", view_func=self.stream)
        self.app.add_url_rule("/api/reporting/v1/districts/<_>/snapshot", view_func=self.snapshot)

    def echo(self, path: str) -> Response:
        self.bodies.append(request.get_data())
        client = {"remote": request.remote_addr, "scheme": request.scheme, "host": request.host, "path": f"/{path}"}
        return jsonify(**client, headers=dict(request.headers), padding="x" * 4000)

    def snapshot(self, _: str) -> Response:
        return Response(LINES, content_type="application/x-ndjson")

    def stream(self, district: str = "") -> Response:
        if request.accept_mimetypes.best == structured.BATCH:
            return Response(LINES, content_type=structured.BATCH)

        def events() -> Iterator[bytes]:
            yield f"data: first{district}\n\n".encode()
            self.go_on.wait(20)
            yield b"data: second\n\n"

        return Response(events(), content_type="text/event-stream")


@contextmanager
def opened(site: Site, folder: Path) -> Iterator[Site]:
    settings = folder / "Caddyfile"
    own = {"files": str(folder / "files"), "pages": str(caddyfile.PAGES), "docs": str(ROOT / "docs")}
    settings.write_text(caddyfile.text(site, **own), encoding="utf-8")
    caddy = Path(sys.executable).with_name("caddy")
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen(
            [caddy, "run", "--adapter", "caddyfile", "--config", settings],
            env={**os.environ, "FRONT_DOOR_SECRET": SECRET}, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        eventually(lambda: _accepts(site.front), seconds=30)
        yield site
    finally:
        running.terminate()
        running.wait(20)


@pytest.fixture(scope="module")
def telling() -> Telling:
    return Telling()


@pytest.fixture(scope="module")
def site(telling: Telling, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with served(telling.app) as url, opened(Site(url), tmp_path_factory.mktemp("door")) as site:
        yield site


@pytest.fixture
def door(site: Site) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.front_url, timeout=20, trust_env=False) as client:
        yield client


@pytest.mark.parametrize(
    "path",
    ["/", "/wall", "/map", "/city", "/desk", "/desk/1", "/register", "/messages", "/docs", "/login", "/logout", "/callback",
     *(f"/api/{service}/v1/units" for service in SERVICES), *(f"/static/{service}/x.js" for service in SERVICES),
     "/static/shell/shell.css"],
)  # fmt: skip
def test_a_short_path_leads_to_its_service(door: httpx.Client, path: str) -> None:
    assert door.get(path).status_code == HTTPStatus.OK


@pytest.mark.parametrize(
    "path",
    ["/metrics", "/live", "/ready", "//metrics", "/metrics/", "/api/v1/units", "/api/registry/metrics", "/wallpaper",
     "/api/registry/v1/../../../metrics", "/desk/../metrics", "/METRICS", "/%6detrics"],
)  # fmt: skip
def test_health_and_metrics_are_not_behind_the_door(site: Site, path: str) -> None:
    """Sends the path unchanged: an HTTP client would normalise it."""
    status, text = _raw(site, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{site.front}\r\nConnection: close\r\n\r\n")
    seen = json.loads(text)["path"] if status == HTTPStatus.OK else ""

    assert seen not in {"/metrics", "/live", "/ready"}
    assert status == HTTPStatus.NOT_FOUND or "metrics" not in seen


def test_an_api_is_reached_by_its_name_and_by_its_own_path(door: httpx.Client) -> None:
    assert door.get("/api/registry/v1/units").json()["path"] == "/api/v1/units"


def test_the_door_replaces_forwarded_headers(door: httpx.Client) -> None:
    lies = {
        "X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "ftp", "X-Forwarded-Host": "evil.test", "X-Forwarded-Prefix": "/evil",
        "X-Forwarded-Port": "1", "X-Real-IP": "6.6.6.6", "Forwarded": "for=6.6.6.6", "Clearwater-Front-Door": "guess",
    }  # fmt: skip
    seen = door.get("/wall", headers=lies).json()

    assert (seen["remote"], seen["scheme"]) == ("127.0.0.1", "http")
    assert seen["host"] == door.base_url.netloc.decode()
    assert [
        name for name in seen["headers"] if "forward" in name.lower() or name in {"X-Real-Ip", "Clearwater-Front-Door"}
    ] == []


def test_behind_the_door_a_forwarded_header_needs_the_secret(site: Site) -> None:
    forwarded = {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "https"}
    shown = [
        {},
        {"Clearwater-Front-Door": ""},
        {"Clearwater-Front-Door": "é".encode()},
        {"Clearwater-Front-Door": SECRET},
    ]
    seen = [httpx.get(f"{site.behind}/wall", headers={**forwarded, **item}, trust_env=False).json() for item in shown]

    assert [item["remote"] for item in seen] == ["127.0.0.1"] * 3 + ["6.6.6.6"]
    assert [item["scheme"] for item in seen] == ["http"] * 3 + ["https"]


@pytest.mark.parametrize("kind", ["header", "body"])
def test_two_hundred_slow_clients_delay_nobody_and_reach_no_service(
    site: Site, door: httpx.Client, telling: Telling, kind: str
) -> None:
    telling.bodies.clear()
    with slow_clients.connected(f"{site.front_url}/api/registry/v1/slow", kind, many=200):
        began = time.monotonic()
        assert [door.get("/wall").status_code for _ in range(20)] == [HTTPStatus.OK] * 20
        assert time.monotonic() - began < SOON_SECONDS
    assert telling.bodies == [b""] * 20


@pytest.mark.parametrize("kind", ["header", "body"])
def test_a_stalled_request_times_out(site: Site, kind: str) -> None:
    with slow_clients.connected(f"{site.front_url}/api/registry/v1/slow", kind, many=1) as (connection,):
        assert slow_clients.given_up(connection, seconds=caddyfile.STALLED_SECONDS + 20)


def test_a_body_arrives_whole_and_one_that_is_too_large_does_not(door: httpx.Client, telling: Telling) -> None:
    telling.bodies.clear()

    assert door.post("/api/registry/v1/x", content=b"y" * 3_000_000).status_code == HTTPStatus.OK
    assert len(telling.bodies[-1]) == 3_000_000
    too_large = door.post("/api/registry/v1/x", content=(b"y" * 1_000_000 for _ in range(70)))
    assert too_large.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert too_large.json()["code"] == "body-too-large"


@pytest.mark.parametrize(
    "body", ["-2\r\nxx\r\n0\r\n\r\n", "0x2\r\nxx\r\n0\r\n\r\n", "F" * 20 + "\r\nxx\r\n", "2\r\nxxyy\r\n0\r\n\r\n"]
)
def test_a_body_in_broken_chunks_is_the_senders_fault(site: Site, body: str) -> None:
    """Not 502: a client that writes nonsense says nothing of a service."""
    head = f"POST /api/registry/v1/x HTTP/1.1\r\nHost: 127.0.0.1:{site.front}\r\nConnection: close\r\n"
    status, text = _raw(site, f"{head}Transfer-Encoding: chunked\r\n\r\n{body}")

    assert (status, json.loads(text)["code"]) == (HTTPStatus.BAD_REQUEST, "request-malformed")


def test_a_header_that_is_too_long_is_refused(door: httpx.Client) -> None:
    assert door.get("/wall", headers={"X-Long": "x" * 60_000}).status_code == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE


def test_pages_are_compressed_and_the_streams_are_not(site: Site, telling: Telling) -> None:
    with httpx.Client(base_url=site.front_url, headers={"Accept-Encoding": "gzip"}, trust_env=False) as client:
        with client.stream("GET", "/wall") as page:
            assert page.headers["Content-Encoding"] == "gzip"
            assert json.loads(gzip.decompress(b"".join(page.iter_raw())))["path"] == "/wall"
        with client.stream("GET", "/api/reporting/v1/stream", timeout=15) as stream:
            assert "Content-Encoding" not in stream.headers
            chunks = stream.iter_raw()
            assert next(chunks) == b"data: first\n\n"  # before the second is written
            telling.go_on.set()
            assert next(chunks) == b"data: second\n\n"
        with client.stream("GET", "/api/reporting/v1/districts/440303/feed", timeout=15) as feed:
            assert "Content-Encoding" not in feed.headers
            assert next(feed.iter_raw()).startswith(b"data: first440303\n\n")


def test_batches_of_events_and_snapshots_are_compressed(site: Site) -> None:
    with httpx.Client(base_url=f"{site.front_url}/api/reporting/v1/districts/440303", trust_env=False) as client:
        for path, accepted in (("/feed", structured.BATCH), ("/snapshot", "*/*")):
            headers = {"Accept": accepted, "Accept-Encoding": "gzip"}
            with client.stream("GET", path, headers=headers) as answer:
                assert answer.headers["Content-Encoding"] == "gzip", path
                assert gzip.decompress(b"".join(answer.iter_raw())) == LINES
            whole = client.get(path, headers={"Accept": accepted, "Accept-Encoding": "identity"})
            assert (whole.content, "Content-Encoding" in whole.headers) == (LINES, False)


def test_another_host_name_redirects_to_the_one_address(site: Site) -> None:
    answer = httpx.get(f"http://localhost:{site.front}/desk?a=b", trust_env=False)

    assert (answer.status_code, answer.headers["Location"]) == (HTTPStatus.FOUND, f"{site.front_url}/desk?a=b")


@pytest.mark.parametrize(
    ("languages", "title"),
    [
        ({}, "没有这个页面"),
        ({"Accept-Language": "zh-HK,en"}, "沒有這個頁面"),
        ({"Cookie": "clearwater_language=en"}, "There is no such page"),
        ({"Cookie": "clearwater_language=zh-Hant", "Accept-Language": "zh-CN"}, "沒有這個頁面"),
        ({"Cookie": 'clearwater_language="><script>'}, "没有这个页面"),
    ],
)
def test_a_missing_page_is_answered_in_the_readers_language(
    door: httpx.Client, languages: dict[str, str], title: str
) -> None:
    answer = door.get("/nowhere", headers={"Accept": "text/html", **languages})

    assert answer.status_code == HTTPStatus.NOT_FOUND
    assert f'<h2 id="what">{title}</h2>' in answer.text
    assert 'href="/"' in answer.text and "<script>" not in answer.text


@pytest.mark.parametrize(
    ("languages", "title"),
    [
        ({"Accept-Language": "zh-CN"}, "值班手册"),
        ({"Accept-Language": "zh-TW"}, "值班手冊"),
        ({"Cookie": "clearwater_language=en"}, "Runbook"),
    ],
)
def test_the_runbook_is_read_at_the_door_at_the_entry_of_an_alert(
    door: httpx.Client, languages: dict[str, str], title: str
):
    answer = door.get(caddyfile.RUNBOOK, headers=languages)

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert f"<h2>{title}</h2>" in answer.text
    assert '<h2 id="frontdoordown">FrontDoorDown</h2>' in answer.text
    assert {link for link in re.findall(r'href="([^"#]*)', answer.text) if not link.startswith("/static/")} == {"", "/"}
    assert answer.text.count("<h1") == 1
    assert "<p><strong>Do.</strong></p>\n<ol>\n<li>It does not run: start it." in answer.text


def test_a_service_that_is_gone_is_named_as_not_answering(tmp_path: Path) -> None:
    with opened(Site(f"http://127.0.0.1:{free_port()}"), tmp_path) as site, httpx.Client(trust_env=False) as client:
        page = client.get(f"{site.front_url}/desk", headers={"Accept": "text/html"})
        program = client.get(f"{site.front_url}/api/signing/v1/cases")

    assert page.status_code == program.status_code == HTTPStatus.BAD_GATEWAY
    assert "系统的这一部分暂时没有应答" in page.text
    assert program.headers["Content-Type"] == "application/problem+json"
    assert program.json()["code"] == "service-unreachable" and program.json()["status"] == HTTPStatus.BAD_GATEWAY


def test_with_tls_the_door_has_an_authority_of_its_own(telling: Telling, tmp_path: Path) -> None:
    with ExitStack() as stack:
        url = stack.enter_context(served(telling.app))
        site = stack.enter_context(opened(Site(url, secure=True), tmp_path))
        root = tmp_path / "files" / "pki" / "authorities" / "local" / "root.crt"
        eventually(root.exists, seconds=20)
        trusting = ssl.create_default_context(cafile=str(root))
        with httpx.Client(verify=trusting, trust_env=False) as client:
            seen = eventually(lambda: _answer(client, f"{site.front_url}/wall"), seconds=20).json()
            by_name = client.get(f"https://localhost:{site.front}/wall")
            plain = client.get(f"http://127.0.0.1:{site.front}/wall")

    assert seen["scheme"] == "https"
    assert by_name.headers["Location"] == f"{site.front_url}/wall"
    assert plain.headers["Location"] == f"{site.front_url}/wall"


def test_every_port_that_is_published_has_a_step_of_its_own() -> None:
    assert PORTS[declaration.FRONT_DOOR] == 0
    assert len(set(PORTS.values())) == len(PORTS)


def _raw(site: Site, text: str) -> tuple[int, str]:
    with socket.create_connection(("127.0.0.1", site.front), timeout=20) as connection:
        connection.sendall(text.encode())
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    status = int(head.split()[1])
    if b"chunked" in head.lower():
        body = body.partition(b"\r\n")[2].rpartition(b"\r\n0\r\n")[0]
    return status, body.decode()


def _answer(client: httpx.Client, url: str) -> httpx.Response | None:
    """None while the door has no certificate."""
    try:
        return client.get(url)
    except httpx.ConnectError:
        return None


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass
class HalfReplaced(Site):
    """The first process of each API is stopped; the second one works."""

    stopped: int = field(default_factory=free_port)

    def port(self, name: str) -> int:
        is_first = name.endswith("-api")
        return self.stopped if is_first else super().port(name)


def test_the_second_process_gets_requests_that_a_stopped_one_does_not_take(telling: Telling, tmp_path: Path) -> None:
    with (
        served(telling.app) as url,
        opened(HalfReplaced(url), tmp_path) as site,
        httpx.Client(base_url=site.front_url, timeout=20, trust_env=False) as client,
    ):
        began = time.monotonic()
        answers = [client.get("/api/registry/v1/units"), client.post("/api/registry/v1/units", content=b"kept")]
        seconds = time.monotonic() - began

    assert [answer.status_code for answer in answers] == [HTTPStatus.OK, HTTPStatus.OK]
    assert telling.bodies[-1] == b"kept"
    assert seconds < SOON_SECONDS

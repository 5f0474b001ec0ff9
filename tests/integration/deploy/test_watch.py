"""Does the watch see a door that is shut, a provider that says something else, what a process lacks, a certificate's end and a disk?"""

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deploy.doctor.watch import Starts, Watch, places
from shared.service.health import BEGAN
from tests.support.ports import free_port

ENDS = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
LOOK = "watch_look_timestamp_seconds"
Figures = dict[tuple[str, str], float]


@contextmanager
def serving(
    status: int, body: str = "", certificate: Path | None = None, *, port: int = 0, began: str = ""
) -> Iterator[int]:
    """Answers every path so. Yields the port."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if began:
                self.send_header(BEGAN, began)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Answers)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Of its own authority, as the front door's: nobody could check it."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "door")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(ENDS - timedelta(days=365))
        .not_valid_after(ENDS)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = tmp_path / "both.pem"
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


def _nobody(data: Path) -> dict[str, str]:
    """Settings of an installation of which nothing answers."""
    nobody = f"127.0.0.1:{free_port()}"
    return {
        "PUBLIC_URL": f"http://{nobody}",
        "FRONT_DOOR": nobody,
        "ISSUER_URL": "https://the.public.address.of.the.issuer",
        "ISSUER_INTERNAL_URL": f"http://{nobody}",
        "KAFKA_BOOTSTRAP": nobody,
        "KAFKA_SECURITY": "SASL_PLAINTEXT",
        "PROCESSES": "",
        "DATA_IN": str(data),
    }


@pytest.fixture
def seen(tmp_path: Path) -> Callable[..., Figures]:
    """What one look at an installation shows, by metric and place. Nothing answers but what the test says."""

    def look(**settings: str) -> Figures:
        watch = Watch(places(_nobody(tmp_path) | settings))
        watch.look()
        assert watch.missing() is None
        return figures(watch)

    return look


def figures(watch: Watch) -> Figures:
    shown = {(sample.fact.name.removeprefix("clearwater_"), *sample.labels): sample.value for sample in watch.samples()}
    assert time.time() - shown.pop((LOOK,)) < 60
    return shown


def test_a_front_door_an_issuer_and_a_broker_that_do_not_answer_are_seen(seen):
    assert seen() == {("reachable", "front-door"): 0, ("reachable", "issuer"): 0, ("reachable", "kafka"): 0}


def test_a_front_door_that_refuses_answers_and_an_issuer_without_its_document_does_not(seen):
    with serving(503) as port:
        found = seen(FRONT_DOOR=f"127.0.0.1:{port}", ISSUER_INTERNAL_URL=f"http://127.0.0.1:{port}/realms/city")

    assert found == {("reachable", "front-door"): 1, ("reachable", "issuer"): 0, ("reachable", "kafka"): 0}


def test_an_issuer_that_shows_its_document_is_reachable(seen):
    with serving(200, "{}") as port:
        assert seen(ISSUER_INTERNAL_URL=f"http://127.0.0.1:{port}")["reachable", "issuer"] == 1


@pytest.mark.parametrize(
    ("status", "body", "shown"),
    [
        (200, "ready", {"process_ready": 1, "schema_served": 1, "topics_unseen": 0}),
        (503, "migrations are at 0004, not at 0005", {"process_ready": 0, "schema_served": 0, "topics_unseen": 0}),
        (503, "database: OperationalError", {"process_ready": 0, "topics_unseen": 0}),
        (
            503,
            "topics not to be seen: clearwater.440303.a, clearwater.440303.b",
            {"process_ready": 0, "topics_unseen": 2},
        ),
    ],
)
def test_figures_of_a_process_are_shown_and_a_silent_process_has_none(seen, status, body, shown):
    with serving(status, body) as port:
        found = seen(PROCESSES=f"signing-relay=127.0.0.1:{port} signing-api=127.0.0.1:{free_port()}")

    of_processes = {name: value for (name, place), value in found.items() if place == "signing-relay"}
    assert of_processes == {**shown, "process_starts": 0}
    assert {name for name, place in found if place == "signing-api"} == {"process_starts"}


def test_a_process_that_is_started_again_and_again_is_counted_also_while_it_does_not_answer(tmp_path: Path):
    port, counted = free_port(), []
    watch = Watch(places(_nobody(tmp_path) | {"PROCESSES": f"notify-relay=127.0.0.1:{port}"}))
    for began in ("1.5", "1.5", "2.5", "3.5"):
        with serving(200, "ready", port=port, began=began):
            watch.look()
        counted.append(figures(watch)["process_starts", "notify-relay"])
    watch.look()

    assert counted == [0, 0, 1, 2]
    assert figures(watch)["process_starts", "notify-relay"] == 2
    assert ("process_ready", "notify-relay") not in figures(watch)


def test_starts_while_the_database_of_the_service_is_away_are_not_counted(tmp_path: Path):
    """Its loops end on purpose; its API goes on and says so."""
    relay, api, other = free_port(), free_port(), free_port()
    named = f"notify-relay=127.0.0.1:{relay} notify-api=127.0.0.1:{api} signing-relay=127.0.0.1:{other}"
    watch = Watch(places(_nobody(tmp_path) | {"PROCESSES": named}))
    for began, answer in (
        ("1", "ready"),
        ("2", "database: OperationalError"),
        ("3", "database: OperationalError"),
        ("4", "ready"),
    ):
        with ExitStack() as served:
            for port in (relay, other):
                served.enter_context(serving(200, "ready", port=port, began=began))
            served.enter_context(serving(200 if answer == "ready" else 503, answer, port=api, began="1"))
            watch.look()

    starts = {name: figures(watch)["process_starts", name] for name in ("notify-relay", "notify-api", "signing-relay")}
    assert starts == {"notify-relay": 1, "notify-api": 0, "signing-relay": 3}


def test_a_start_counts_for_ten_minutes_and_not_once_the_process_has_run_for_two():
    now = 0.0
    starts = Starts(lambda: now)
    starts.saw("a", "ready")
    counted = {}
    for now, began in ((10.0, "b"), (400.0, "c"), (519.0, "c"), (521.0, "c"), (630.0, "d"), (1100.0, "e")):
        starts.saw(began, "ready")
        counted[now] = starts.of_late()

    assert counted == {10.0: 1, 400.0: 2, 519.0: 2, 521.0: 0, 630.0: 2, 1100.0: 2}


def test_a_certificate_is_read_without_being_checked_under_the_name_that_people_know(seen, certificate: Path):
    with serving(200, certificate=certificate) as port:
        found = seen(PUBLIC_URL="https://signing.city.example:18000", FRONT_DOOR=f"127.0.0.1:{port}")

    assert found["reachable", "front-door"] == 1
    assert found["certificate_ends_timestamp_seconds", "front-door"] == ENDS.timestamp()
    assert ENDS.timestamp() - found["certificate_begins_timestamp_seconds", "front-door"] == 365 * 86_400


def test_the_disks_of_the_servers_are_seen_where_their_data_are_in_reach(seen, tmp_path: Path):
    (tmp_path / "postgres").mkdir()

    found = seen()

    assert 0 < found["disk_free_bytes", "postgres"] <= found["disk_bytes", "postgres"]
    assert ("disk_bytes", "kafka") not in found


def test_a_look_that_hangs_leaves_its_age_and_no_figure(tmp_path: Path, monkeypatch):
    """WatchStill pages for it; what was seen before would look like what is so now."""
    watch = Watch(places(_nobody(tmp_path)))
    began = [sample.value for sample in watch.samples()]
    watch.look()
    assert ("reachable", "issuer") in figures(watch)

    later = time.monotonic() + 61
    monkeypatch.setattr(time, "monotonic", lambda: later)

    (age,) = watch.samples()
    assert age.fact.name == f"clearwater_{LOOK}"
    assert began <= [age.value] and age.value <= time.time()
    assert watch.missing() == "no look has come to its end"

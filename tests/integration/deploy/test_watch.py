"""Does the watch see a door that is shut, a provider that says something else, what a process lacks, a certificate's end and a disk?"""

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deploy.doctor.watch import Watch, places
from tests.support.ports import free_port

ENDS = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
LOOK = "watch_look_timestamp_seconds"
Figures = dict[tuple[str, str], float]


@contextmanager
def serving(status: int, body: str = "", certificate: Path | None = None) -> Iterator[int]:
    """Answers every path so. Yields the port."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
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


@pytest.fixture
def seen(tmp_path: Path) -> Callable[..., Figures]:
    """What one look at an installation shows, by metric and place. Nothing answers but what the test says."""

    def look(**settings: str) -> Figures:
        nobody = f"127.0.0.1:{free_port()}"
        usual = {
            "PUBLIC_URL": f"http://{nobody}",
            "FRONT_DOOR": nobody,
            "ISSUER_URL": "https://the.public.address.of.the.issuer",
            "ISSUER_INTERNAL_URL": f"http://{nobody}",
            "KAFKA_BOOTSTRAP": nobody,
            "KAFKA_SECURITY": "SASL_PLAINTEXT",
            "PROCESSES": "",
            "DATA_IN": str(tmp_path),
        }
        watch = Watch(places(usual | settings))
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
        (200, "ready", {"process_ready": 1, "schema_served": 1}),
        (503, "migrations are at 0004, not at 0005", {"process_ready": 0, "schema_served": 0}),
        (503, "database: OperationalError", {"process_ready": 0}),
    ],
)
def test_figures_of_a_process_are_shown_and_a_silent_process_has_none(seen, status, body, shown):
    with serving(status, body) as port:
        found = seen(PROCESSES=f"signing-relay=127.0.0.1:{port} signing-api=127.0.0.1:{free_port()}")

    of_processes = {name: value for (name, place), value in found.items() if place == "signing-relay"}
    assert of_processes == shown
    assert not any(place == "signing-api" for _, place in found)


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
    nobody = f"127.0.0.1:{free_port()}"
    named = {
        "PUBLIC_URL": f"http://{nobody}",
        "FRONT_DOOR": nobody,
        "ISSUER_URL": f"http://{nobody}",
        "ISSUER_INTERNAL_URL": "",
    }
    named |= {"KAFKA_BOOTSTRAP": nobody, "KAFKA_SECURITY": "SASL_PLAINTEXT", "PROCESSES": "", "DATA_IN": str(tmp_path)}
    watch = Watch(places(named))
    began = [sample.value for sample in watch.samples()]
    watch.look()
    assert ("reachable", "issuer") in figures(watch)

    later = time.monotonic() + 61
    monkeypatch.setattr(time, "monotonic", lambda: later)

    (age,) = watch.samples()
    assert age.fact.name == f"clearwater_{LOOK}"
    assert began <= [age.value] and age.value <= time.time()
    assert watch.missing() == "no look has come to its end"

"""Does the front door of a cluster start with its configuration, answer with the installation's certificate, and lead to its one name?"""

import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from deploy.local.place import ROOT
from tests.support.eventually import eventually
from tests.support.ports import free_port

CONFIGURATION = ROOT / "deploy" / "kubernetes" / "base" / "front-door"
NAME = "Signing.city.example"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("door")
    certify(folder)
    port = free_port()
    text = (CONFIGURATION / "Caddyfile").read_text(encoding="utf-8")
    places = {
        "/run/certificate": str(folder),
        "/data/caddy": str(folder / "data"),
        "/etc/caddy": str(CONFIGURATION),
        ":18000": f":{port}",
    }
    for in_cluster, local in places.items():
        assert in_cluster in text
        text = text.replace(in_cluster, local)
    (folder / "Caddyfile").write_text(text, encoding="utf-8")
    caddy = Path(sys.executable).with_name("caddy")
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen(
            [caddy, "run", "--adapter", "caddyfile", "--config", folder / "Caddyfile"],
            env={"FRONT_HOST": NAME, "HOME": str(folder)}, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        eventually(lambda: ask(port, NAME)[0] != 0, seconds=30)
        yield port
    finally:
        running.terminate()
        running.wait(20)


def certify(folder: Path) -> None:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "tls.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "tls.key").write_bytes(private)


def ask(port: int, host: str, path: str = "/no-such-page") -> tuple[int, str, str]:
    """Status, the place that the answer leads to, body. Status 0: nobody listens yet."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with closing(HTTPSConnection("127.0.0.1", port, context=context, timeout=10)) as connection:
        try:
            connection.request("GET", path, headers={"Host": host})
        except OSError:
            return 0, "", ""
        answer = connection.getresponse()
        return answer.status, answer.getheader("Location", ""), answer.read().decode()


def test_it_answers_under_its_name_whatever_its_case_and_port(port: int):
    for host in (NAME, NAME.lower(), f"{NAME}:443"):
        status, _, body = ask(port, host)
        assert status == 404
        assert 'class="plain callout"' in body


def test_another_name_is_led_to_the_one_address_at_the_usual_port(port: int):
    status, place, _ = ask(port, "10.0.0.7", "/wall?district=440303")

    assert (status, place) == (302, f"https://{NAME}/wall?district=440303")


def test_a_request_in_the_clear_is_led_to_the_same_page_by_tls(port: int):
    with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", "/wall?district=440303", headers={"Host": NAME})
        answer = connection.getresponse()

    assert answer.status in (301, 308)
    assert answer.getheader("Location") == f"https://{NAME}/wall?district=440303"


def test_the_certificate_is_the_installations_own(port: int):
    served = x509.load_pem_x509_certificate(ssl.get_server_certificate(("127.0.0.1", port), timeout=10).encode())

    assert served.subject.rfc4514_string() == f"CN={NAME}"


def test_health_and_metrics_are_not_reachable(port: int):
    assert {ask(port, NAME, path)[0] for path in ("/live", "/ready", "/metrics", "/Caddyfile")} == {404}

"""Is the traffic between broker and clients encrypted on request, and is a broker without a valid certificate refused?"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.errors import KafkaTimeoutError

from deploy.local import authority, broker, starting, system
from deploy.local.admin import as_admin
from deploy.local.place import ROOT, CannotStart, Place
from deploy.local.processes import declared
from shared.events import topics
from shared.messaging import credentials, kafka
from shared.messaging.ports import Unavailable
from tests.support import bus_readers, kit, raw_kafka
from tests.support import platform as platforms
from tests.support.bus_readers import READERS
from tests.support.eventually import eventually
from tests.support.launch import Launch, Numbering
from tests.support.platform import Platform

pytestmark = pytest.mark.timeout(300)  # it starts a broker of its own


@pytest.fixture(scope="module")
def encrypted() -> Iterator[Platform]:
    """A platform whose first `make up` turned encryption on."""
    place = platforms.somewhere()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("BUS_TLS", "yes")
        authority.prepare(place)
    started = Platform(place, system.start_platform(place))
    platforms.enter(place)
    yield started
    platforms.stop(place)


def test_every_client_uses_tls_with_credentials_and_verifies_the_broker(encrypted: Platform):
    relay, topic = encrypted.connection_of("signing-relay"), topics.name(encrypted.topics(), kit.KIND)

    credentials.prove(relay)
    raw_kafka.append(relay, topic, b"k", [], b"{}")

    assert relay["security_protocol"] == "SASL_SSL"
    environment = {process.name: process.environment for process in declared(encrypted.place)}["signing-relay"]
    assert (environment["KAFKA_SECURITY"], environment["KAFKA_CA_FILE"]) == ("SASL_SSL", relay["ssl_cafile"])


def test_a_service_works_on_the_encrypted_broker(encrypted: Platform):
    system.migrate(encrypted.place, "signing")
    (consumer,) = [process for process in declared(encrypted.place) if process.name == "signing-consumer"]

    encrypted.supervisor.start(consumer.name)

    assert eventually(lambda: starting.is_ready(consumer))
    encrypted.supervisor.stop(consumer.name)


@pytest.mark.parametrize(
    ("language", "refusal"),
    [("java", "SslAuthenticationException"), ("go", "x509"), ("typescript", "Cannot connect to any broker")],
)
def test_an_agencys_subscriber_knows_the_broker_by_the_file_that_it_is_given(
    encrypted: Platform, tmp_path: Path, language: str, refusal: str
):
    if shutil.which(needs := READERS[language].needs) is None:
        pytest.skip(f"this machine has no {needs}: the subscriber in {language} is not built")
    district, numbering = encrypted.topics(), Numbering()
    events = numbering.messages(district, Launch(district, units=2).register())
    relay = kafka.Producer(encrypted.connection_of("registry-relay"))
    assert relay.publish(events) == []
    relay.close()
    reader = bus_readers.built(language, tmp_path)
    values = bus_readers.admitted(encrypted, f"agency-{language}", topics.name(district, "registry-unit"))

    known = reader.read(values)
    unknown = reader.read({**values, "KAFKA_CA_FILE": ""})

    assert (known.returncode, len(known.stdout.splitlines())) == (0, 2), known.stderr
    assert (unknown.returncode, refusal in unknown.stderr) == (1, True), unknown.stderr


@pytest.mark.parametrize(
    "changed",
    [{"security_protocol": "SASL_PLAINTEXT"}, {"ssl_cafile": None}],
    ids=["in the clear", "another authority"],
)
def test_a_client_without_tls_is_refused(encrypted: Platform, changed: dict[str, str | None]):
    with pytest.raises(KafkaTimeoutError):
        KafkaAdminClient(**{**encrypted.connection_of("signing-relay"), **changed}, bootstrap_timeout_ms=1_500)


def test_a_broker_with_a_foreign_certificate_is_not_trusted(encrypted: Platform):
    unknown = {**encrypted.connection_of("signing-relay"), "ssl_cafile": None}

    with pytest.raises(Unavailable, match="certificate"):
        credentials.prove(unknown)


def test_the_admin_makes_topics_and_users_by_tls_too(encrypted: Platform):
    district = encrypted.topics()
    wanted = {topics.name(district, kind) for kind in topics.KINDS}

    with closing(KafkaAdminClient(**encrypted.connection)) as client:
        assert eventually(lambda: wanted <= set(client.list_topics()))


def test_the_step_that_makes_topics_reaches_an_encrypted_broker(encrypted: Platform):
    """As a Job of Kubernetes runs it, where the broker is outside."""
    district, admin = "440399", as_admin(encrypted.place)
    settings = {
        "KAFKA_BOOTSTRAP": str(admin["bootstrap_servers"]),
        "KAFKA_USER": str(admin["sasl_plain_username"]),
        "KAFKA_PASSWORD": str(admin["sasl_plain_password"]),
        "KAFKA_SECURITY": "SASL_SSL",
        "KAFKA_CA_FILE": str(admin["ssl_cafile"]),
    }

    made = subprocess.run(
        [sys.executable, "-m", "deploy.images.topics", district],
        cwd=ROOT, env={"PYTHONPATH": str(ROOT), **settings}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert made.returncode == 0, made.stderr
    assert set(made.stdout.split()) == {topics.name(district, kind) for kind in topics.KINDS}


def test_encryption_stays_until_it_is_turned_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    place = Place(tmp_path, 18_000)
    place.path("kafka").mkdir()
    assert authority.settings(place) == {}

    for setting, secured in [("", False), ("yes", True), ("", True), ("yes", True), ("no", False), ("", False)]:
        monkeypatch.setenv("BUS_TLS", setting)
        before = place.authority.read_bytes() if place.authority.exists() else b""
        authority.prepare(place)
        assert bool(place.bus_ca_file) == secured
        if before and secured:
            assert place.authority.read_bytes() == before
    monkeypatch.setenv("BUS_TLS", "perhaps")
    with pytest.raises(CannotStart, match=r"^BUS_TLS=perhaps is neither"):
        authority.prepare(place)


def test_no_listener_is_unencrypted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    place = Place(tmp_path, 18_000)
    place.path("kafka").mkdir()
    monkeypatch.setenv("BUS_TLS", "yes")
    authority.prepare(place)

    protocols = dict(pair.split(":") for pair in authority.settings(place)["listener.security.protocol.map"].split(","))
    assert protocols == dict.fromkeys(broker.LISTENERS, "SASL_SSL")

"""A broker without authentication: no service works with it, and one start of this version adds users and rights."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing

import httpx
import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import NewTopic
from kafka.errors import KafkaTimeoutError

from deploy.local import system
from deploy.local.place import ROOT, Place
from shared.events import topics
from shared.messaging import credentials, kafka
from tests.support import former_broker, kit, raw_kafka
from tests.support import platform as platforms
from tests.support.eventually import eventually
from tests.support.platform import Database, Platform

pytestmark = pytest.mark.timeout(300)  # each starts a broker of its own
DISTRICT = "440399"
TOPIC = topics.name(DISTRICT, kit.KIND)
KNOWN = "serves clients without credentials"
OPENING = [("signing", "relay"), ("notify", "consumer"), ("reporting", "consumer"), ("signing", "reconcile")]


@pytest.fixture
def elsewhere() -> Iterator[Place]:
    place = platforms.somewhere()
    yield place
    platforms.stop(place)


@pytest.fixture(scope="module")
def former() -> Iterator[Place]:
    place = platforms.somewhere()
    with former_broker.running(place):
        yield place
    platforms.stop(place)


def test_a_broker_without_authentication_is_detected(former: Place):
    with pytest.raises(credentials.Anonymous, match=KNOWN):
        credentials.prove(credentials.connection(former.kafka_bootstrap, user="signing-relay-a", password="x"))


def test_no_client_is_built_on_a_broker_without_authentication(former: Place):
    connection = credentials.connection(former.kafka_bootstrap, user="signing-relay-a", password="x")
    message = kit.message("00000000-0000-0000-0000-000000000001", 1, topic=TOPIC)

    with pytest.raises(credentials.Anonymous):
        kafka.Producer(connection).publish([message])
    with pytest.raises(credentials.Anonymous):
        kafka.Subscription(connection, group="signing", topics=topics.pattern()).poll(1)
    with pytest.raises(credentials.Anonymous):
        kafka.rewind(connection, "signing")


@pytest.mark.parametrize(("service", "role"), OPENING)
def test_a_service_refuses_to_start_on_a_broker_without_authentication(
    former: Place, platform: Platform, database: Callable[[str], Database], service: str, role: str
):
    environment = platform.environment(service, role, database(service))

    refused = start(service, role, environment | {"KAFKA_BOOTSTRAP": former.kafka_bootstrap})
    output = refused.communicate(timeout=60)[0]

    assert refused.returncode == 1
    assert KNOWN in output
    assert '"started"' not in output


@pytest.mark.parametrize(("service", "role"), OPENING)
def test_a_service_without_a_user_refuses_to_start_anywhere(
    platform: Platform, database: Callable[[str], Database], service: str, role: str
):
    environment = platform.environment(service, role, database(service))

    refused = start(service, role, environment | {"KAFKA_USER": "", "KAFKA_PASSWORD": ""})
    output = refused.communicate(timeout=60)[0]

    assert refused.returncode == 1
    assert "KAFKA_ALLOW_ANONYMOUS=development" in output


def test_one_setting_allows_a_broker_without_authentication_for_development(
    former: Place, platform: Platform, database: Callable[[str], Database]
):
    environment = platform.environment("signing", "consumer", database("signing"))
    allowed = {"KAFKA_USER": "", "KAFKA_ALLOW_ANONYMOUS": "development", "KAFKA_BOOTSTRAP": former.kafka_bootstrap}

    process = start("signing", "consumer", environment | allowed)
    try:
        assert eventually(lambda: ready(int(environment["HEALTH_PORT"])))
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_any_other_value_of_that_setting_is_refused(platform: Platform, database: Callable[[str], Database]):
    environment = platform.environment("signing", "consumer", database("signing"))

    refused = start("signing", "consumer", environment | {"KAFKA_ALLOW_ANONYMOUS": "yes"})

    assert "kafka_allow_anonymous" in refused.communicate(timeout=60)[0]
    assert refused.returncode == 1


def test_one_start_of_this_version_adds_users_and_rights_and_keeps_the_records(elsewhere: Place):
    group = "signing"
    with former_broker.running(elsewhere):
        open_to_all = former_broker.connection(elsewhere)
        with closing(KafkaAdminClient(**open_to_all)) as client:
            client.create_topics([NewTopic(topics.name(DISTRICT, kind), 1, 1) for kind in topics.KINDS])
        raw_kafka.append(open_to_all, TOPIC, b"k", [], b"{}")
        unit = topics.name(DISTRICT, "registry-unit")
        raw_kafka.append(open_to_all, unit, b"k", [], b"{}")
        with closing(KafkaConsumer(unit, **open_to_all, group_id=group, auto_offset_reset="earliest")) as consumer:
            assert eventually(lambda: consumer.poll(timeout_ms=500))
            consumer.commit()

    upgraded = Platform(elsewhere, system.start_platform(elsewhere))

    with pytest.raises(KafkaTimeoutError):
        KafkaAdminClient(**open_to_all, bootstrap_timeout_ms=700)
    relay, reader = upgraded.connection_of("signing-relay"), upgraded.connection_of("signing-consumer")
    credentials.prove(relay)
    raw_kafka.append(relay, TOPIC, b"k", [], b"{}")
    with closing(KafkaConsumer(**upgraded.connection_of("notify-consumer"))) as consumer:
        assert consumer.end_offsets([TopicPartition(TOPIC, 0)]) == {TopicPartition(TOPIC, 0): 2}
    with closing(KafkaConsumer(**reader, group_id=group)) as consumer:
        assert consumer.committed(TopicPartition(unit, 0)) == 1


def start(service: str, role: str, environment: dict[str, str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", f"services.{service}", role],
        cwd=ROOT, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/ready", trust_env=False).is_success
    except httpx.HTTPError:
        return False

"""May only its owner write a topic, and only its declared readers read it? Every user against the real broker."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    NewTopic,
    ResourcePattern,
    ResourceType,
    UserScramCredentialUpsertion,
)
from kafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaTimeoutError,
    TopicAuthorizationFailedError,
)

from deploy.declaration import BUS_ADMIN, SERVICES, bus_roles
from deploy.local import admin, agencies
from deploy.local import topics as plan
from shared.events import catalogue, topics
from shared.messaging import kafka
from shared.messaging.ports import Forbidden, Unavailable
from tests.support import kit, raw_kafka
from tests.support.eventually import eventually
from tests.support.platform import Platform

ROLES = [role for role in bus_roles() if role != BUS_ADMIN]
STRANGERS = {
    "anonymous": {"security_protocol": "PLAINTEXT", "sasl_mechanism": None},
    "wrong password": {"sasl_plain_password": "guessed"},
    "no such user": {"sasl_plain_username": "nobody"},
    "the other side, which is not in use": {"sasl_plain_username": "signing-relay-b"},
    "a static user of the broker": {"sasl_plain_username": "founder"},
    "by another mechanism": {"sasl_mechanism": "PLAIN"},
}


@pytest.fixture(scope="module")
def district(platform: Platform) -> str:
    return platform.topics()


def owner(role: str) -> set[str]:
    """The kinds that this role may write."""
    service, _, kind = role.rpartition("-")
    return set(topics.written_by(service)) if kind == "relay" else set()


def reads(role: str) -> set[str]:
    """The kinds that this role may read. A relay and an operator count what their service has written and read."""
    service, _, kind = role.rpartition("-")
    return set(topics.read_by(service)) | (set(topics.written_by(service)) if kind != "consumer" else set())


@pytest.mark.parametrize("who", STRANGERS)
def test_a_client_without_valid_credentials_is_refused(platform: Platform, district: str, who: str):
    stranger = {**platform.connection_of("signing-relay"), **STRANGERS[who]}

    for client in (KafkaProducer, KafkaConsumer, KafkaAdminClient):
        with pytest.raises(KafkaTimeoutError):
            client(**stranger, bootstrap_timeout_ms=700)
    assert ends(platform, district) == dict.fromkeys(topics.KINDS, 0)


@pytest.mark.parametrize("call", ["publish", "poll", "lag", "seen", "read", "rewind"])
def test_a_refused_password_is_an_outage_for_every_operation(
    platform: Platform, district: str, monkeypatch: pytest.MonkeyPatch, call: str
):
    """A rotation may be under way: the process stays alive and retries."""
    monkeypatch.setattr(kafka, "_BOOTSTRAP_MS", 500)
    wrong = {**platform.connection_of("signing-consumer"), "sasl_plain_password": "guessed"}
    message = kit.message("00000000-0000-0000-0000-000000000001", 1, topic=topics.name(district, kit.KIND))
    subscription = kafka.Subscription(wrong, group="signing", topics=topics.pattern())
    calls = {
        "publish": lambda: kafka.Producer(wrong).publish([message]),
        "poll": lambda: subscription.poll(0.1),
        "lag": subscription.lag,
        "seen": subscription.seen,
        "read": lambda: list(kafka.Reader(wrong).read(topics.pattern(), since=datetime.now(UTC))),
        "rewind": lambda: kafka.rewind(wrong, "signing"),
    }

    with pytest.raises(Unavailable):
        calls[call]()


@pytest.mark.parametrize("role", [role for role in ROLES if not owner(role)])
def test_a_role_without_topics_may_write_to_none(platform: Platform, district: str, role: str):
    before = ends(platform, district)

    assert written(platform.connection_of(role), district) == set()
    assert ends(platform, district) == before


@pytest.mark.parametrize("role", [role for role in ROLES if owner(role)])
def test_a_relay_writes_to_its_own_topics_and_to_no_others(platform: Platform, role: str):
    district = platform.topics()

    assert written(platform.connection_of(role), district) == owner(role)
    assert {kind for kind, end in ends(platform, district).items() if end} == owner(role)


def test_every_topic_has_one_writer(platform: Platform):
    assert sorted(kind for role in ROLES for kind in owner(role)) == sorted(topics.KINDS)


@pytest.fixture(scope="module")
def filled(platform: Platform) -> str:
    """A district with a record on partition 0 of every topic."""
    made = platform.topics()
    with closing(KafkaProducer(**platform.connection)) as producer:
        for kind in topics.KINDS:
            producer.send(topics.name(made, kind), key=b"k", value=b"{}", partition=0).get(timeout=10)
    return made


@pytest.mark.parametrize("role", ROLES)
def test_a_role_reads_only_the_topics_declared_for_it(platform: Platform, filled: str, role: str):
    found = {}
    for kind in topics.KINDS:
        with closing(KafkaConsumer(**platform.connection_of(role), enable_auto_commit=False)) as consumer:
            found[kind] = outcome(consumer, TopicPartition(topics.name(filled, kind), 0))

    assert {kind for kind, what in found.items() if what == "read"} == reads(role)
    assert {kind for kind, what in found.items() if what == "refused"} == topics.KINDS.keys() - reads(role)


@pytest.mark.parametrize("role", [role for role in ROLES if role.endswith("-consumer")])
def test_a_consumer_joins_its_own_group_only(platform: Platform, filled: str, role: str):
    """A client in a foreign group would take its partitions and move its offsets."""
    connection, own = platform.connection_of(role), role.removesuffix("-consumer")
    name = topics.name(filled, topics.read_by(own)[0])

    for service in SERVICES:
        consumer = KafkaConsumer(name, **connection, group_id=service, auto_offset_reset="earliest")
        with closing(consumer):
            if service == own:
                assert eventually(lambda consumer=consumer: consumer.poll(timeout_ms=500))
            else:
                with pytest.raises(GroupAuthorizationFailedError):
                    consumer.poll(timeout_ms=5_000)


@pytest.mark.parametrize("role", ROLES)
def test_only_the_admin_creates_topics_users_and_rights(platform: Platform, district: str, role: str):
    with closing(KafkaAdminClient(**platform.connection_of(role))) as client:
        with pytest.raises((TopicAuthorizationFailedError, ClusterAuthorizationFailedError)):
            client.create_topics([NewTopic(f"clearwater.{district}.forged", 1, 1)])
        with pytest.raises(TopicAuthorizationFailedError):
            client.delete_topics([topics.name(district, kit.KIND)])
        right = ResourcePattern(ResourceType.TOPIC, topics.name(district, "registry-contact"))
        rule = ACL(f"User:{role}-a", "*", ACLOperation.READ, ACLPermissionType.ALLOW, right)
        assert client.create_acls([rule])["failed"] == [ClusterAuthorizationFailedError]
        wanted = UserScramCredentialUpsertion("admin-a", "SCRAM-SHA-512", "guessed")
        assert "needs ALTER permission" in client.alter_user_scram_credentials([wanted])["admin-a"]


def test_a_relay_names_the_topics_it_may_not_write(platform: Platform):
    district, unit = platform.topics(), "00000000-0000-0000-0000-000000000001"
    own, foreign = topics.name(district, "signing-case"), topics.name(district, "registry-unit")
    producer = kafka.Producer(platform.connection_of("signing-relay"))

    refused = producer.publish([kit.message(unit, 1, topic=own), kit.message(unit, 1, topic=foreign)])

    producer.close()
    assert [(refusal.message.topic, refusal.reason) for refusal in refused] == [(foreign, "not-authorised")]
    assert {kind for kind, end in ends(platform, district).items() if end} == {"signing-case"}


def test_an_operator_rewinds_only_the_group_of_its_own_service(platform: Platform):
    operator = platform.connection_of("signing-operator")

    kafka.rewind(operator, "signing")
    for group in ("notify", "reporting", "registry"):
        with pytest.raises(Unavailable, match="GroupAuthorizationFailedError"):
            kafka.rewind(operator, group)


def test_a_rebuild_reads_everything_in_a_group_of_its_own(platform: Platform, filled: str):
    def rebuilt(service: str, group: str) -> int:
        pattern = topics.pattern(*topics.read_by(service)).replace(topics.DISTRICT, filled)
        subscription = kafka.Subscription(platform.connection_of(f"{service}-operator"), group=group, topics=pattern)
        with closing(subscription):
            return sum(len(subscription.poll(1)) for _ in range(5))

    assert rebuilt("reporting", f"reporting-rebuild-{uuid4()}") == len(topics.read_by("reporting"))
    with pytest.raises(GroupAuthorizationFailedError):
        rebuilt("reporting", "reporting")
    with pytest.raises(GroupAuthorizationFailedError):
        rebuilt("signing", f"reporting-rebuild-{uuid4()}")


def test_a_topic_that_may_not_be_read_is_an_error_at_the_start(platform: Platform):
    district = platform.topics()
    topic = topics.name(district, "registry-unit")
    with closing(admin.client(admin.as_admin(platform.place))) as client:
        admin.take_topics(client, [topic])

    subscription = kafka.Subscription(
        platform.connection_of("signing-consumer"),
        group="signing",
        topics=topics.pattern(*topics.read_by("signing")).replace(topics.DISTRICT, district),
    )

    with pytest.raises(Forbidden, match=rf"^signing-consumer-a may not read {topic}$"):
        subscription.poll(1)


def test_undeclared_rights_of_our_roles_are_removed_and_those_of_others_kept(platform: Platform):
    district, connection = platform.topics(), admin.as_admin(platform.place)
    topic = ResourcePattern(ResourceType.TOPIC, topics.name(district, "registry-contact"))
    ours, theirs = (
        ACL(f"User:{user}", "*", ACLOperation.READ, ACLPermissionType.ALLOW, topic)
        for user in ("reporting-consumer-a", "an-agency")
    )
    with closing(admin.client(connection)) as client:
        client.create_acls([ours, theirs])
        assert eventually(lambda: client.describe_acls(ours)[0])

        plan.keep_rights(connection)

        assert eventually(lambda: client.describe_acls(ours)[0] == [])
        assert client.describe_acls(theirs)[0] == [theirs]


def test_the_user_of_the_tests_is_the_user_of_no_role(platform: Platform):
    assert platform.connection["sasl_plain_username"] not in {f"{role}-{side}" for role in bus_roles() for side in "ab"}
    raw_kafka.append(platform.connection, topics.name(platform.topics(), kit.KIND), b"k", [], b"{}")


def written(connection: Mapping[str, Any], district: str) -> set[str]:
    """The kinds on which a record was acknowledged. Idempotence would be refused before any topic is tried."""
    acknowledged = set()
    with closing(KafkaProducer(**connection, enable_idempotence=False, acks="all", max_block_ms=5_000)) as producer:
        for kind in topics.KINDS:
            try:
                producer.send(topics.name(district, kind), key=b"forged", value=b"{}").get(timeout=5)
            except TopicAuthorizationFailedError:
                continue
            acknowledged.add(kind)
    return acknowledged


def outcome(consumer: KafkaConsumer, partition: TopicPartition) -> str:
    consumer.assign([partition])
    consumer.seek(partition, 0)
    try:
        return "read" if eventually(lambda: consumer.poll(timeout_ms=500)) else "silence"
    except TopicAuthorizationFailedError:
        return "refused"


def ends(platform: Platform, district: str) -> dict[str, int]:
    """The number of records on the topic of each kind."""
    with closing(KafkaConsumer(**platform.connection)) as consumer:
        return dict(_ends(consumer, district))


def _ends(consumer: KafkaConsumer, district: str) -> Iterator[tuple[str, int]]:
    for kind, declared in topics.KINDS.items():
        name = topics.name(district, kind)
        partitions = [TopicPartition(name, number) for number in range(declared.partitions)]
        yield kind, sum(consumer.end_offsets(partitions).values())


AGENCY, AGENCY_KINDS = "real-estate", {"signing-case", "registry-district"}


@pytest.fixture
def agency(platform: Platform, filled: str) -> Iterator[dict[str, Any]]:
    """How an agency connects that is granted two topics of one district."""
    names = [topics.name(filled, kind) for kind in sorted(AGENCY_KINDS)]
    password = agencies.admit(platform.connection, AGENCY, names)
    user = agencies.user_of(AGENCY)
    yield {**platform.connection, "sasl_plain_username": user, "sasl_plain_password": password}
    agencies.withdraw(platform.connection, AGENCY)


def test_an_agency_writes_to_no_topic(platform: Platform, filled: str, agency: dict[str, Any]):
    before = ends(platform, filled)

    assert written(agency, filled) == set()
    assert ends(platform, filled) == before


def test_an_agency_sees_and_reads_only_what_it_is_granted(platform: Platform, filled: str, agency: dict[str, Any]):
    names = {topics.name(filled, kind) for kind in AGENCY_KINDS}

    with closing(KafkaConsumer(**agency, enable_auto_commit=False)) as consumer:
        assert consumer.topics() == names
        assert {outcome(consumer, TopicPartition(name, 0)) for name in names} == {"read"}
    for kind in sorted(topics.KINDS.keys() - AGENCY_KINDS):
        assert records(agency, TopicPartition(topics.name(filled, kind), 0)) == 0


def records(connection: Mapping[str, Any], partition: TopicPartition) -> int:
    with closing(KafkaConsumer(**connection, enable_auto_commit=False)) as consumer:
        consumer.assign([partition])
        consumer.seek(partition, 0)
        try:
            return len(consumer.poll(timeout_ms=500))
        except TopicAuthorizationFailedError:
            return 0


def test_an_agency_has_groups_of_its_own_only(platform: Platform, filled: str, agency: dict[str, Any]):
    name = topics.name(filled, "signing-case")

    assert committed(agency, f"{agencies.user_of(AGENCY)}.titles", name)
    for foreign in ("reporting", "agency.tax.titles", "agency.real-estate"):
        with pytest.raises(GroupAuthorizationFailedError):
            committed(agency, foreign, name)


def committed(connection: Mapping[str, Any], group: str, name: str) -> bool:
    with closing(KafkaConsumer(**connection, group_id=group, enable_auto_commit=False)) as consumer:
        consumer.assign([TopicPartition(name, 0)])
        return consumer.committed(TopicPartition(name, 0)) is None


def test_a_withdrawn_agency_is_refused_at_once(platform: Platform, filled: str, agency: dict[str, Any]):
    partition = TopicPartition(topics.name(filled, "signing-case"), 0)
    with closing(KafkaConsumer(**agency, enable_auto_commit=False)) as consumer:
        assert outcome(consumer, partition) == "read"

    agencies.withdraw(platform.connection, AGENCY)

    with pytest.raises(KafkaTimeoutError):
        KafkaConsumer(**agency, bootstrap_timeout_ms=700)


def test_the_bus_gives_a_topic_only_where_all_its_types_are_granted():
    signed = "clearwater.signing.agreement.signed.v1"
    everything = {event.declared.type for event in catalogue.events()}

    assert agencies.granted_kinds({signed}) == frozenset()
    assert agencies.granted_kinds({"clearwater.registry.district.opened.v1", signed}) == {"registry-district"}
    assert agencies.granted_kinds(everything) == {
        kind.kind for kind in topics.KINDS.values() if kind.audience != "restricted" and kind.kind != "registry-agency"
    }

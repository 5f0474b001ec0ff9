"""Does the bus follow the grants without a person: within seconds, after a standstill, and for no other agency or district?"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaTimeoutError, TopicAuthorizationFailedError

from deploy.declaration import bus_roles
from deploy.local import access, admin, agencies, granting, keys, quotas
from deploy.local import topics as local_topics
from deploy.local.granting import Granting
from deploy.local.place import CannotStart
from shared.events import catalogue, topics
from shared.events.contract import Event
from shared.events.registry import GrantApproved, GrantRevoked, Terms
from shared.messaging import kafka
from shared.messaging.credentials import Connection
from tests.support.eventually import eventually
from tests.support.launch import Numbering
from tests.support.platform import Platform

KIND = "signing-case"
TYPES = tuple(event.declared.type for event in catalogue.events() if event.declared.topic == KIND)


class Bus:
    """What the registry publishes, and an agency with a user on the bus."""

    def __init__(self, platform: Platform) -> None:
        self.platform, self.agency, self.numbering = platform, f"agency-{uuid4().hex[:8]}", Numbering()
        self.relay = kafka.Producer(platform.connection_of("registry-relay"))
        self.ahead = timedelta()
        self.granting = Granting(admin.as_admin(platform.place), now=lambda: datetime.now(UTC) + self.ahead)

    def publish(self, district: str, event: Event) -> None:
        assert self.relay.publish(self.numbering.messages(district, [event])) == []

    def grant(self, district: str, *, ends_in: timedelta = timedelta(days=1), types: tuple[str, ...] = TYPES) -> UUID:
        now, grant_id = datetime.now(UTC), uuid4()
        terms = Terms(
            purpose="样例", legal_basis="样例", audiences=("public", "internal"), event_types=types,
            starts_at=now - timedelta(days=1), ends_at=now + ends_in,
        )  # fmt: skip
        self.publish(district, GrantApproved(agency=self.agency, grant_id=grant_id, terms=terms))
        return grant_id

    def revoke(self, district: str, grant_id: UUID) -> None:
        at = datetime.now(UTC)
        self.publish(district, GrantRevoked(agency=self.agency, grant_id=grant_id, reason="复核", revoked_at=at))

    def admit(self, *districts: str) -> None:
        """As `make agency` does."""
        names = [topics.name(district, KIND) for district in districts]
        password = agencies.admit(admin.as_admin(self.platform.place), self.agency, names)
        user = agencies.user_of(self.agency)
        self.connection = {**self.platform.connection, "sasl_plain_username": user, "sasl_plain_password": password}

    def reads(self, district: str) -> bool:
        with closing(KafkaConsumer(**self.connection, enable_auto_commit=False)) as consumer:
            partition = TopicPartition(topics.name(district, KIND), 0)
            consumer.assign([partition])
            try:
                consumer.seek_to_beginning(partition)
                consumer.poll(timeout_ms=2_000)
                return consumer.position(partition) >= 0
            except TopicAuthorizationFailedError:
                return False


@pytest.fixture
def bus(platform: Platform) -> Iterator[Bus]:
    made = Bus(platform)
    yield made
    made.relay.close()
    made.granting.close()
    agencies.withdraw(admin.as_admin(platform.place), made.agency)


def test_a_revoked_grant_ends_on_the_bus_and_another_district_flows_on(platform: Platform, bus: Bus) -> None:
    one, two = platform.topics(), platform.topics()
    grant_id = bus.grant(one)
    bus.grant(two)
    bus.granting.look()
    bus.admit(one, two)
    before = bus.reads(one), bus.reads(two)

    bus.revoke(one, grant_id)
    bus.granting.look()

    assert (before, bus.reads(one), bus.reads(two)) == ((True, True), False, True)


def test_the_last_grant_takes_the_user_with_it(platform: Platform, bus: Bus) -> None:
    district = platform.topics()
    grant_id = bus.grant(district)
    bus.granting.look()
    bus.admit(district)

    bus.revoke(district, grant_id)
    bus.granting.look()

    with pytest.raises(KafkaTimeoutError):
        KafkaConsumer(**bus.connection, bootstrap_timeout_ms=700)


def quotas_of(platform: Platform, user: str) -> dict[str, float] | None:
    with closing(admin.client(admin.as_admin(platform.place))) as client:
        return quotas.of_users(client).get(user)


def test_an_agency_is_slowed_down_by_the_broker_from_its_first_record_to_its_last(platform: Platform, bus: Bus) -> None:
    district, user = platform.topics(), agencies.user_of(bus.agency)
    grant_id = bus.grant(district)
    bus.admit(district)
    admitted = quotas_of(platform, user)
    admin.keep_users(admin.as_admin(platform.place), {f"{user}-2": "of a former release"})
    bus.granting.look()
    former = quotas_of(platform, f"{user}-2")

    bus.revoke(district, grant_id)
    bus.granting.look()
    agencies.withdraw(admin.as_admin(platform.place), f"{bus.agency}-2")

    assert admitted == former == quotas.LIMITS
    assert quotas_of(platform, user) is None
    assert quotas_of(platform, f"{user}-2") is None


def test_a_grant_that_ended_while_the_process_was_down_is_withdrawn_at_its_start(platform: Platform, bus: Bus) -> None:
    district = platform.topics()
    grant_id = bus.grant(district)
    bus.admit(district)
    bus.revoke(district, grant_id)

    restarted = Granting(admin.as_admin(platform.place))
    restarted.look()
    restarted.close()

    with pytest.raises(KafkaTimeoutError):
        KafkaConsumer(**bus.connection, bootstrap_timeout_ms=700)


def test_a_grant_that_expires_ends_on_the_bus_without_an_event(platform: Platform, bus: Bus) -> None:
    one, two = platform.topics(), platform.topics()
    bus.grant(one, ends_in=timedelta(hours=1))
    bus.grant(two)
    bus.granting.look()
    bus.admit(one, two)

    bus.ahead = timedelta(hours=2)
    bus.granting.look()

    assert (bus.reads(one), bus.reads(two)) == (False, True)


def test_a_further_grant_reaches_a_user_that_exists_and_half_a_topic_reaches_nobody(
    platform: Platform, bus: Bus
) -> None:
    one, two, three = platform.topics(), platform.topics(), platform.topics()
    bus.grant(one)
    bus.granting.look()
    bus.admit(one)

    bus.grant(two)
    bus.grant(three, types=TYPES[:1])
    bus.granting.look()

    assert (bus.reads(one), bus.reads(two), bus.reads(three)) == (True, True, False)


def test_a_topic_that_was_lost_and_written_again_is_read_from_its_beginning(platform: Platform, bus: Bus) -> None:
    """Else the revocation would be passed over, and the figure would say that all is kept."""
    district = platform.topics()
    grant_id = bus.grant(district)
    bus.revoke(district, uuid4())
    bus.granting.look()
    bus.admit(district)
    name, connection = topics.name(district, "registry-agency"), admin.as_admin(platform.place)
    with closing(admin.client(connection)) as client:
        client.delete_topics([name])
        eventually(lambda: name not in client.list_topics())
    local_topics.create(connection, district)
    bus.relay.close()
    bus.relay = kafka.Producer(platform.connection_of("registry-relay"))

    bus.revoke(district, grant_id)

    eventually(lambda: (bus.granting.try_look(), is_out(bus))[1])


def is_out(bus: Bus) -> bool:
    try:
        KafkaConsumer(**bus.connection, bootstrap_timeout_ms=700).close()
    except KafkaTimeoutError:
        return True
    return False


def test_a_user_is_made_from_what_the_bus_says_and_from_nothing_else(platform: Platform, bus: Bus) -> None:
    one, two = (platform.topics() for _ in range(2))
    connection, user = admin.as_admin(platform.place), agencies.user_of(bus.agency)
    with pytest.raises(CannotStart, match="no grant in force"):
        granting.admit(connection, bus.agency, patience=0)
    bus.grant(one)
    revoked = bus.grant(two)
    bus.revoke(two, revoked)
    both = [topics.name(district, KIND) for district in (one, two)]
    with pytest.raises(CannotStart, match="fewer grants in force"):
        granting.admit(connection, bus.agency, both, patience=0)
    with closing(admin.client(connection)) as client:
        assert user not in admin.open_users(client)

    password, names = granting.admit(connection, bus.agency)
    bus.connection = {**platform.connection, "sasl_plain_username": user, "sasl_plain_password": password}

    assert names == both[:1]
    assert (bus.reads(one), bus.reads(two)) == (True, False)


def test_a_grant_revoked_at_the_registry_gives_nothing_before_the_bus_knows_it(platform: Platform, bus: Bus) -> None:
    one, two = (platform.topics() for _ in range(2))
    for district in (one, two):
        bus.grant(district)

    password, _ = granting.admit(admin.as_admin(platform.place), bus.agency, [topics.name(one, KIND)])
    user = agencies.user_of(bus.agency)
    bus.connection = {**platform.connection, "sasl_plain_username": user, "sasl_plain_password": password}

    assert (bus.reads(one), bus.reads(two)) == (True, False)


def test_a_user_is_made_when_the_approval_of_a_moment_ago_has_come(platform: Platform, bus: Bus) -> None:
    district = platform.topics()
    with ThreadPoolExecutor(1) as pool:
        made = pool.submit(
            granting.admit, admin.as_admin(platform.place), bus.agency, [topics.name(district, KIND)], patience=60
        )
        bus.grant(district)

        assert made.result()[1] == [topics.name(district, KIND)]


def test_it_says_up_to_when_the_rights_follow_the_grants(bus: Bus) -> None:
    before, began = counted(), time.time()

    bus.granting.try_look()

    assert counted() == before
    assert began <= granting.KEPT_AT._value.get() <= time.time()
    assert bus.granting.missing() == ""


@pytest.mark.parametrize(
    ("role", "bootstrap", "reason", "words"),
    [
        ("signing-relay", "", "refused", "the broker refuses"),
        ("admin", "127.0.0.1:1", "no-answer", "the broker does not answer"),
    ],
)
def test_a_refusal_and_an_outage_are_counted_apart_and_are_no_look_that_keeps_the_rights(
    platform: Platform, role: str, bootstrap: str, reason: str, words: str
) -> None:
    """The first is what a broker answers whose admin has lost its rights: here it is a user that never had them."""
    connection = platform.connection_of(role)
    lost = Granting({**connection, "bootstrap_servers": bootstrap or connection["bootstrap_servers"]})
    kept_at, before = granting.KEPT_AT._value.get(), counted()

    lost.try_look()

    assert counted() == before | {reason: before[reason] + 1}
    assert granting.KEPT_AT._value.get() == kept_at
    assert lost.missing().startswith(words)


def test_a_right_that_the_broker_does_not_take_away_is_a_refusal(platform: Platform, bus: Bus) -> None:
    """Kafka's client returns such an answer and raises nothing."""
    district = platform.topics()
    bus.admit(district)
    mine = access.of_agency(agencies.user_of(bus.agency), [topics.name(district, KIND)])
    rules = [rule for grant in mine for rule in admin._rules(grant, (agencies.user_of(bus.agency),))]

    with closing(admin.client(platform.connection_of("signing-relay"))) as client, pytest.raises(admin.Refused):
        admin._delete(client, rules)

    assert bus.reads(district)


def counted() -> dict[str, float]:
    return {reason: granting.FAILED.labels(reason)._value.get() for reason in ("refused", "no-answer")}


def test_a_record_that_is_not_an_event_does_not_block_a_withdrawal(platform: Platform, bus: Bus) -> None:
    district = platform.topics()
    grant_id = bus.grant(district)
    bus.granting.look()
    bus.admit(district)
    [message] = bus.numbering.messages(
        district, [GrantRevoked(agency="other", grant_id=grant_id, reason="x", revoked_at=datetime.now(UTC))]
    )
    assert bus.relay.publish([message._replace(payload=b'{"grant_id": 7}')]) == []
    before = granting.UNREADABLE._value.get()

    bus.revoke(district, grant_id)
    bus.granting.look()

    assert granting.UNREADABLE._value.get() == before + 1
    with pytest.raises(KafkaTimeoutError):
        KafkaConsumer(**bus.connection, bootstrap_timeout_ms=700)


def answering(connection: Connection) -> KafkaAdminClient | None:
    try:
        return admin.client(connection)
    except CannotStart:
        return None


def test_a_broker_from_which_users_were_taken_knows_all_others_after_a_restart(platform: Platform) -> None:
    """Apache Kafka's defect of decision 53: had these users been removed, it would know nobody."""
    connection = admin.as_admin(platform.place)
    users = [f"agency.{number}" for number in range(40)]
    admin.keep_users(connection, dict.fromkeys(users, "only-for-tests"))
    with closing(admin.client(connection)) as client:
        assert admin.open_users(client) >= set(users)

    admin.lock_users(connection, users)
    platform.kill("kafka")

    with closing(eventually(lambda: answering(connection))) as client:
        known = admin.open_users(client)
    assert known.isdisjoint(users)
    assert known >= {admin.user_of(keys.load(platform.place.local_dir), role)[0] for role in bus_roles()}
    with pytest.raises(KafkaTimeoutError):
        KafkaConsumer(
            **{**connection, "sasl_plain_username": users[0], "sasl_plain_password": "only-for-tests"},
            bootstrap_timeout_ms=700,
        )


def test_a_locked_user_is_locked_once_and_opened_again_by_a_password(platform: Platform) -> None:
    connection, user = admin.as_admin(platform.place), f"agency.{uuid4().hex[:8]}"
    password = agencies.admit(connection, user.removeprefix(agencies.PREFIX), ())
    leaving = partial(admin.keep_rights_of_users, connection, user, {}, leaving=[user])

    changes = [leaving(), leaving()]
    admin.keep_users(connection, {user: password})

    assert f"locked: {user}" in changes[0]
    assert changes[1] == []
    with closing(admin.client({**connection, "sasl_plain_username": user, "sasl_plain_password": password})):
        admin.lock_users(connection, [user])

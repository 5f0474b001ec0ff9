"""Does a consumer take part in its group whatever happens between two polls, and is it ready when the group has answered it?"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from shared.messaging import kafka
from shared.messaging.awaited import Awaited
from shared.messaging.ports import Unavailable
from tests.support import raw_kafka
from tests.support.eventually import eventually
from tests.support.platform import Platform


@pytest.fixture
def prefix() -> str:
    # The name of no district: it has no rights, which consumers of a district take for an error.
    return f"lost-join-{uuid4()}"


@pytest.fixture
def both(platform: Platform, prefix: str) -> Iterator[list[kafka.Subscription]]:
    """Two members of one group, which reads the topics with this prefix."""
    group = str(uuid4())
    members = [kafka.Subscription(platform.connection, group=group, topics=f"^{prefix}-.*$") for _ in range(2)]
    yield members
    for member in members:
        member.close()


def in_the_group(members: list[kafka.Subscription], *, partitions: int) -> None:
    """Polls all members side by side until the group has given so many partitions to them."""

    def poll(member: kafka.Subscription) -> None:
        eventually(lambda: member._client().poll(timeout_ms=1_000) or all_answered(members, partitions))

    with ThreadPoolExecutor(len(members)) as side_by_side:
        list(side_by_side.map(poll, members))


def all_answered(members: list[kafka.Subscription], partitions: int) -> bool:
    return all(member.answered() for member in members) and sum(map(len, map(assigned, members))) == partitions


def assigned(member: kafka.Subscription) -> set[object]:
    return set(member._client().assignment()) if member.answered() else set()


def coordinator(member: kafka.Subscription) -> Any:
    """kafka-python's own, whose state the test brings about; there is no other way to see it."""
    return member._client()._coordinator


def test_a_join_that_the_group_answers_between_two_polls_is_not_lost(
    platform: Platform, prefix: str, both: list[kafka.Subscription]
) -> None:
    raw_kafka.create(platform.connection, f"{prefix}-1", partitions=2)
    in_the_group(both, partitions=2)
    leader, other = sorted(both, key=lambda member: not coordinator(member)._is_leader)

    def waits_for_the_other() -> bool:
        leader._client().poll(timeout_ms=50)
        return coordinator(leader).rejoining and not coordinator(leader)._join_task.is_done

    raw_kafka.create(platform.connection, f"{prefix}-2", partitions=2)
    assert eventually(waits_for_the_other)
    # The other member joins while the leader does not poll: the group has answered both before the leader looks again.
    assert eventually(lambda: other._client().poll(timeout_ms=200) or coordinator(leader)._join_task.is_done)

    in_the_group(both, partitions=4)
    assert coordinator(leader).stable()


def test_a_member_without_a_partition_is_answered(
    platform: Platform, prefix: str, both: list[kafka.Subscription]
) -> None:
    raw_kafka.create(platform.connection, f"{prefix}-1", partitions=1)
    assert not any(member.answered() for member in both)

    in_the_group(both, partitions=1)
    assert all(member.answered() for member in both)
    assert sorted(len(assigned(member)) for member in both) == [0, 1]


def test_a_member_that_was_away_knows_its_lag_again_where_nothing_happens(
    platform: Platform, prefix: str, both: list[kafka.Subscription]
) -> None:
    """A consumer that waits for its database longer than its group for it leaves the group. Else it would look late for ever."""
    topic = f"{prefix}-1"
    raw_kafka.create(platform.connection, topic, partitions=1)
    member = both[0]
    in_the_group([member], partitions=1)
    eventually(lambda: member._client().poll(timeout_ms=200) or member.lag() == {topic: 0})

    coordinator(member).maybe_leave_group()
    member._client().poll(timeout_ms=200)

    def knows_its_lag() -> bool:
        return not member.poll(0.2) and coordinator(member).stable() and member.lag() == {topic: 0}

    assert eventually(knows_its_lag, seconds=60)


def test_a_consumer_is_ready_when_its_group_has_answered_and_not_before(platform: Platform, prefix: str) -> None:
    member = kafka.Subscription(platform.connection, group=str(uuid4()), topics=f"^{prefix}-.*$")
    consumer = Awaited(member)
    consumer.look()
    assert consumer.missing() == "the group has not answered yet"

    assert eventually(lambda: member._client().poll(timeout_ms=1_000) or member.answered())
    consumer.look()
    assert consumer.missing() is None
    member.close()


def test_a_join_outlives_a_broker_that_knows_no_broker(
    platform: Platform, prefix: str, both: list[kafka.Subscription], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one answers that was frozen: until it has registered itself anew, its metadata are empty."""
    raw_kafka.create(platform.connection, f"{prefix}-1", partitions=2)
    alone = both[0]
    in_the_group([alone], partitions=2)
    member = coordinator(alone)
    update = member._cluster.update_metadata

    def without_brokers(metadata: Any) -> Any:
        metadata.brokers = []
        return update(metadata)

    monkeypatch.setattr(member._cluster, "update_metadata", without_brokers)
    member.request_rejoin()
    with pytest.raises(Unavailable, match="MetadataEmptyBrokerList"):
        alone.poll(1)
    assert member.need_rejoin()

    monkeypatch.undo()
    assert eventually(lambda: alone.poll(1) or not member.need_rejoin())
    assert member.stable()
    assert len(assigned(alone)) == 2

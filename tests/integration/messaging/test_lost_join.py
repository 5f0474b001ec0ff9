"""A client whose join request is lost polls for ever: is it replaced, and is a client without a partition kept?"""

from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from shared.messaging import kafka
from tests.support import raw_kafka
from tests.support.eventually import eventually
from tests.support.platform import Platform


@pytest.fixture
def pattern(platform: Platform) -> str:
    """A subscription to a topic with one partition and one record."""
    topic = f"lost-join-{uuid4()}"  # the name of no district: it has no rights, which consumers of a district take for an error
    connection = platform.connection
    raw_kafka.create(connection, topic, partitions=1)
    raw_kafka.append(connection, topic, b"k", [], b"{}")
    return f"^{topic}$"


def test_a_lost_join_request_is_sent_again(platform: Platform, pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    subscription = kafka.Subscription(platform.connection, group=str(uuid4()), topics=pattern, unanswered_seconds=0.05)
    lost = subscription._client()
    monkeypatch.setattr(lost, "poll", lambda **_: {})

    with capture_logs() as lines:
        assert eventually(lambda: subscription.poll(0.1))

    assert subscription._client() is not lost
    assert [line["log_level"] for line in lines if line["event"].startswith("a join was lost")] == ["warning"]
    subscription.close()


def test_a_consumer_without_a_partition_keeps_its_client(
    platform: Platform, pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection, group = platform.connection, str(uuid4())
    first = kafka.Subscription(connection, group=group, topics=pattern)
    assert eventually(lambda: first.poll(0.1))
    both = (first, kafka.Subscription(connection, group=group, topics=pattern))

    def stands_by() -> kafka.Subscription | None:
        """The subscription without a partition, after the group has answered both."""
        for each in both:
            each._client().poll(timeout_ms=100)
        answered = all(each._membership.unanswered_for() == 0.0 for each in both)
        without = [each for each in both if not each._membership.complete]
        return without[0] if answered and len(without) == 1 else None

    standing_by = eventually(stands_by)
    assert standing_by is not None
    client = standing_by._client()
    monkeypatch.setattr(kafka, "_JOIN_SECONDS", 0.1)
    monkeypatch.setattr(standing_by, "_unanswered_seconds", 0.0)

    assert [standing_by.poll(0.1) for _ in range(3)] == [[], [], []]
    assert standing_by._client() is client
    for each in both:
        each.close()

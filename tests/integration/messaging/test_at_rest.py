"""Does a consumer at rest leave its questions to kafka-python's own thread, and read at once what comes all the same?"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from uuid import uuid4

import pytest
from kafka import KafkaConsumer

from shared.events import topics
from shared.messaging import kafka
from tests.support import kit, raw_kafka
from tests.support.eventually import eventually
from tests.support.platform import Platform


@pytest.fixture
def topic(platform: Platform) -> str:
    return topics.name(platform.topics(), kit.KIND)


@pytest.fixture
def resting(platform: Platform, topic: str) -> Iterator[kafka.Subscription]:
    """A member that has read everything and whose group is complete."""
    with closing(kafka.Subscription(platform.connection, group=f"rest-{uuid4()}", topics=f"^{topic}$")) as subscription:
        eventually(lambda: subscription.poll(0.5) or subscription.known_at())
        yield subscription


def test_at_rest_many_answers_of_the_broker_are_one_poll(
    resting: kafka.Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    polls: list[float] = []
    once = KafkaConsumer._poll_once
    monkeypatch.setattr(
        KafkaConsumer, "_poll_once", lambda self, *given, **more: polls.append(0) or once(self, *given, **more)
    )
    before = resting.known_at()

    assert resting.poll(4.0) == []

    known_at = resting.known_at()
    assert before and known_at and known_at - before > 1.0  # the broker has answered all the time
    assert len(polls) <= 2  # eight answers, each of which was a poll


def test_a_message_ends_the_rest(platform: Platform, topic: str, resting: kafka.Subscription) -> None:
    with closing(kafka.Producer(platform.connection)) as producer, ThreadPoolExecutor(1) as beside:
        polled, began = beside.submit(resting.poll, 60.0), time.monotonic()
        producer.publish([kit.message(str(uuid4()), 1, topic=topic)])

        assert len(polled.result()) == 1
    assert time.monotonic() - began < 30.0


def test_a_new_topic_ends_the_rest(platform: Platform) -> None:
    prefix = f"rest-{uuid4()}"
    raw_kafka.create(platform.connection, f"{prefix}-1", partitions=1)
    with (
        closing(kafka.Subscription(platform.connection, group=prefix, topics=f"^{prefix}-.*$")) as member,
        ThreadPoolExecutor(1) as beside,
    ):
        eventually(lambda: member.poll(0.5) or member.known_at())
        polled, began = beside.submit(member.poll, 60.0), time.monotonic()
        raw_kafka.create(platform.connection, f"{prefix}-2", partitions=1)
        polled.result()

        assert time.monotonic() - began < 30.0
        assert eventually(lambda: member.poll(0.5) or set(member.lag()) == {f"{prefix}-1", f"{prefix}-2"})

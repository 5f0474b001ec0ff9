"""Does the broker slow down an agency that reads faster than its quota, and nobody beside it?

Held to what the broker reports in its answers, its throttle time, and not to a clock of the test.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from deploy.local import admin, agencies, quotas
from shared.events import topics
from shared.messaging.credentials import Connection
from tests.support.platform import Platform

pytestmark = pytest.mark.timeout(300)
RECORD = 500_000
# Kafka measures a rate over about ten seconds: this is twice what a user may take in them.
RECORDS = int(2 * 10 * quotas.LIMITS["consumer_byte_rate"] / RECORD)


@pytest.fixture
def agency(platform: Platform) -> Iterator[str]:
    name = f"agency-{uuid4().hex[:8]}"
    yield name
    agencies.withdraw(admin.as_admin(platform.place), name)


def filled(platform: Platform) -> str:
    """A topic with more than an agency may take at once."""
    name = topics.name(platform.topics(), "registry-unit")
    with closing(KafkaProducer(**platform.connection, max_request_size=2 * RECORD)) as producer:
        for _ in range(RECORDS):
            producer.send(name, key=b"k", value=os.urandom(RECORD))
        producer.flush(60)
    return name


def throttled(connection: Connection, name: str) -> tuple[int, float]:
    """How many bytes it has read, all there are, and the longest pause in milliseconds that the broker has asked of it."""
    with closing(KafkaConsumer(**connection, enable_auto_commit=False)) as consumer:
        places = [TopicPartition(name, number) for number in sorted(consumer.partitions_for_topic(name) or ())]
        consumer.assign(places)
        consumer.seek_to_beginning()
        read = 0
        while read < RECORDS * RECORD:
            read += sum(len(it.value) for part in consumer.poll(timeout_ms=1_000).values() for it in part)
        longest = [
            value
            for group in consumer.metrics().values()
            for metric, value in group.items()
            if "throttle-time-max" in metric
        ]
    assert longest
    return read, max(longest)


def test_an_agency_beyond_its_quota_is_slowed_down_and_a_service_beside_it_is_not(
    platform: Platform, agency: str
) -> None:
    name = filled(platform)
    password = agencies.admit(admin.as_admin(platform.place), agency, [name])
    as_agency = {
        **platform.connection, "sasl_plain_username": agencies.user_of(agency), "sasl_plain_password": password,
    }  # fmt: skip
    found: dict[str, tuple[int, float]] = {}
    beside = threading.Thread(target=lambda: found.update(agency=throttled(as_agency, name)))

    beside.start()
    found["service"] = throttled(platform.connection_of("signing-consumer"), name)
    beside.join()

    assert {read for read, _ in found.values()} == {RECORDS * RECORD}  # slowed down, and refused nothing
    assert found["service"][1] == 0.0
    assert found["agency"][1] > 0.0

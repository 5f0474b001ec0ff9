"""Kafka without our envelope, for records of foreign clients and accidents."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any, NamedTuple

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic


def append(
    connection: Mapping[str, Any],
    topic: str,
    key: bytes | None,
    headers: Sequence[tuple[str, bytes]],
    value: bytes | None,
) -> None:
    producer = KafkaProducer(**connection)
    try:
        producer.send(topic, key=key, headers=list(headers), value=value).get(timeout=10)
    finally:
        producer.close()


def create(connection: Mapping[str, Any], topic: str, partitions: int = 4) -> None:
    admin = KafkaAdminClient(**connection)
    try:
        admin.create_topics([NewTopic(topic, partitions, 1)])
    finally:
        admin.close()


class Record(NamedTuple):
    """All that a reader sees of a record but its place and its time."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: frozenset[tuple[str, bytes | None]]

    @property
    def sequence(self) -> int:
        return int(dict(self.headers)["ce_sequence"] or b"")


def read(connection: Mapping[str, Any], topics: Sequence[str]) -> list[Record]:
    """All records of these topics up to now, in order within each partition."""
    with closing(KafkaConsumer(**connection, group_id=None, enable_auto_commit=False)) as consumer:
        partitions = [
            TopicPartition(topic, number) for topic in topics for number in consumer.partitions_for_topic(topic)
        ]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        ends, found = consumer.end_offsets(partitions), []
        while any(consumer.position(partition) < ends[partition] for partition in partitions):
            polled = consumer.poll(timeout_ms=500)
            found += [_record(record) for partition in polled.values() for record in partition]
    return found


def _record(record: Any) -> Record:
    assert len(set(record.headers)) == len(record.headers)
    return Record(record.topic, record.partition, record.key, record.value, frozenset(record.headers))

"""Kafka without our envelope, for records of foreign clients and accidents."""

from collections.abc import Mapping, Sequence
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


class Records:
    """All records of these topics, in order within each partition. Close it."""

    def __init__(self, connection: Mapping[str, Any], topics: Sequence[str]) -> None:
        self._consumer = KafkaConsumer(**connection, group_id=None, enable_auto_commit=False)
        self._partitions = [
            TopicPartition(topic, number) for topic in topics for number in self._consumer.partitions_for_topic(topic)
        ]
        self._consumer.assign(self._partitions)
        self._consumer.seek_to_beginning(*self._partitions)
        self._found: list[Record] = []

    def read(self) -> list[Record]:
        """Those up to now."""
        ends = self._consumer.end_offsets(self._partitions)
        while any(self._consumer.position(partition) < ends[partition] for partition in self._partitions):
            polled = self._consumer.poll(timeout_ms=500)
            self._found += [_record(record) for partition in polled.values() for record in partition]
        return list(self._found)

    def close(self) -> None:
        self._consumer.close()


def _record(record: Any) -> Record:
    assert len(set(record.headers)) == len(record.headers)
    return Record(record.topic, record.partition, record.key, record.value, frozenset(record.headers))

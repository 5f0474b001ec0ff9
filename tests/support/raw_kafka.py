"""Kafka without our envelope, for records of foreign clients and accidents."""

from collections.abc import Mapping, Sequence
from typing import Any

from kafka import KafkaAdminClient, KafkaProducer
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

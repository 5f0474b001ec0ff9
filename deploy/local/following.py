"""Reading topics from their first record on, in no group: for a process that has to know all of it after each start."""

import re
from collections.abc import Iterator
from contextlib import suppress

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError, KafkaTimeoutError

from shared.messaging.credentials import Connection


class Following:
    """Each reading goes on where the last one ended."""

    def __init__(self, connection: Connection, pattern: str) -> None:
        self._connection, self._pattern = connection, re.compile(pattern)
        self._kafka: KafkaConsumer | None = None
        self._positions: dict[TopicPartition, int] = {}

    def read(self) -> Iterator[tuple[str, str, bytes | None]]:
        """Topic, type and payload of every record that is there now. Raises KafkaError."""
        kafka = self._client()
        self._assign(kafka)
        ends = kafka.end_offsets(list(self._positions)) if self._positions else {}
        self._begin_anew(kafka, [partition for partition, end in ends.items() if end < self._positions[partition]])
        while any(self._positions[partition] < end for partition, end in ends.items()):
            if not (polled := kafka.poll(timeout_ms=5_000)):
                raise KafkaTimeoutError("no answer")
            for partition, records in polled.items():
                for record in records:
                    self._positions[partition] = record.offset + 1
                    headers = dict(record.headers)
                    yield record.topic, (headers.get("ce_type") or b"").decode(errors="replace"), record.value
            self._positions |= {partition: kafka.position(partition) for partition in ends}

    def close(self) -> None:
        """A later reading opens a new connection and goes on."""
        if self._kafka is not None:
            kafka, self._kafka = self._kafka, None
            with suppress(KafkaError):
                kafka.close(autocommit=False, timeout_ms=3_000)

    def _client(self) -> KafkaConsumer:
        if self._kafka is None:
            self._kafka = KafkaConsumer(
                **self._connection, group_id=None, enable_auto_commit=False, auto_offset_reset="earliest",
                bootstrap_timeout_ms=10_000, metadata_max_age_ms=5_000,
            )  # fmt: skip
        return self._kafka

    def _begin_anew(self, kafka: KafkaConsumer, shorter: list[TopicPartition]) -> None:
        """A topic that is shorter than what was read of it was lost and written again: nothing of it is known."""
        for partition in shorter:
            self._positions[partition] = 0
            kafka.seek(partition, 0)

    def _assign(self, kafka: KafkaConsumer) -> None:
        """New districts are found; those that are gone are forgotten."""
        names = [name for name in kafka.topics() if self._pattern.fullmatch(name)]
        found = {TopicPartition(name, number) for name in names for number in kafka.partitions_for_topic(name) or ()}
        if found == kafka.assignment():
            return
        self._positions = {partition: self._positions.get(partition, 0) for partition in found}
        kafka.assign(sorted(found))
        for partition, position in self._positions.items():
            kafka.seek(partition, position)

"""A broker in memory, behind the same ports as Kafka and held to the same tests (tests/contract/messaging). For unit tests.

It can do what brokers do: refuse, be away, deliver again, and hand a partition to another reader.
"""

import re
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from zlib import crc32

from shared.events import envelope
from shared.messaging import records
from shared.messaging.ports import Message, Refusal, Unavailable, Unreadable

Partition = tuple[str, int]


class Broker:
    """`refusing` maps a topic to a reason; `max_bytes` refuses larger values; while `away`, nothing answers."""

    def __init__(self, *, max_bytes: int = 1_000_000) -> None:
        self.away, self.max_bytes = False, max_bytes
        self.refusing: dict[str, str] = {}
        self.logs: dict[Partition, list[Unreadable]] = {}
        self.partitions: dict[str, int] = {}
        self.committed: dict[tuple[str, Partition], int] = defaultdict(int)
        self.readers: dict[str, list[Subscription]] = defaultdict(list)
        self.lock = threading.RLock()

    def create(self, topic: str, partitions: int = 4) -> None:
        self.partitions[topic] = partitions
        for number in range(partitions):
            self.logs.setdefault((topic, number), [])

    def append(
        self, topic: str, key: bytes | None, headers: Sequence[tuple[str, bytes | None]], value: bytes | None
    ) -> None:
        """Appends a record as it is, readable or not."""
        if self.away:
            raise Unavailable("the broker is away")
        with self.lock:
            number = crc32(key or b"") % self.partitions[topic]
            log = self.logs[topic, number]
            log.append(Unreadable(topic, number, len(log), key, headers, value, ""))

    def assigned(self, reader: "Subscription") -> list[Partition]:
        group = self.readers[reader.group]
        matching = sorted(partition for partition in self.logs if re.search(reader.pattern, partition[0]))
        return (
            [partition for place, partition in enumerate(matching) if group[place % len(group)] is reader]
            if reader in group
            else []
        )


class Producer:
    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def publish(self, messages: Sequence[Message]) -> Sequence[Refusal]:
        refused: dict[tuple[str, str], Refusal] = {}
        for message in messages:
            key = (message.topic, message.key)
            if key in refused:
                continue
            if reason := self._reason(message):
                refused[key] = Refusal(message, reason)
            else:
                try:
                    self._broker.append(message.topic, message.key.encode(), envelope.encode(message), message.payload)
                except ValueError:
                    refused[key] = Refusal(message, "unwritable")
        return list(refused.values())

    def ask(self) -> None:
        if self._broker.away:
            raise Unavailable("the broker is away")

    def close(self) -> None:
        """There is nothing to close."""

    def _reason(self, message: Message) -> str | None:
        if self._broker.away:
            raise Unavailable("the broker is away")
        if message.topic not in self._broker.partitions:
            return "unknown-topic"
        if len(message.payload or b"") > self._broker.max_bytes:
            return "too-large"
        return self._broker.refusing.get(message.topic)


class Subscription:
    def __init__(self, broker: Broker, *, group: str, topics: str, batch: int = 2_000) -> None:
        self.group, self.pattern = group, topics
        self._broker, self._batch = broker, batch
        self._positions: dict[Partition, int] = {}
        self._polled_at: float | None = None
        broker.readers[group].append(self)

    def poll(self, wait_seconds: float) -> Sequence[Message | Unreadable]:  # noqa: ARG002 - nothing comes by waiting
        if self._broker.away:
            raise Unavailable("the broker is away")
        polled: list[Message | Unreadable] = []
        with self._broker.lock:
            mine = self._broker.assigned(self)
            # What was taken away and comes back is read again from where its last reader committed.
            self._positions = {
                partition: self._positions.get(partition, self._broker.committed[self.group, partition])
                for partition in mine
            }
            for partition, position in self._positions.items():
                taken = self._broker.logs[partition][position : position + self._batch - len(polled)]
                self._positions[partition] += len(taken)
                polled.extend(map(records.read, taken))
        self._polled_at = time.monotonic()
        return polled

    def commit(self) -> None:
        with self._broker.lock:
            mine = self._broker.assigned(self)
            for partition, position in self._positions.items():
                if partition in mine:  # a zombie's commit is refused
                    self._broker.committed[self.group, partition] = position

    def answered(self) -> bool:
        return True

    def seen(self) -> frozenset[str]:
        return frozenset(partition for partition in self._broker.partitions if re.search(self.pattern, partition))

    def lag(self) -> Mapping[str, int]:
        behind: dict[str, int] = defaultdict(int)
        if self._broker.away:
            return behind
        for (topic, number), position in self._positions.items():
            behind[topic] += len(self._broker.logs[topic, number]) - position
        return behind

    def known_at(self) -> float | None:
        return self._polled_at

    def silent_seconds(self) -> float:
        return time.monotonic() - (self._polled_at or 0.0) if self._broker.away else 0.0

    def close(self) -> None:
        if self in self._broker.readers[self.group]:
            self._broker.readers[self.group].remove(self)


class Reader:
    """The broker in memory stores no times: the first call reads everything."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._positions: dict[Partition, int] = defaultdict(int)

    def read(self, pattern: str, *, since: datetime) -> Iterator[Message | Unreadable]:  # noqa: ARG002 - see above
        if self._broker.away:
            raise Unavailable("the broker is away")
        for partition, log in self._broker.logs.items():
            if re.search(pattern, partition[0]):
                found, self._positions[partition] = log[self._positions[partition] :], len(log)
                yield from map(records.read, found)

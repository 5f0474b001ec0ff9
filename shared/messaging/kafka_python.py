"""What kafka-python gets wrong, mended by being imported, and what it does not say: when a broker last answered a consumer."""

import time
from collections.abc import Mapping
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.coordinator.consumer import ConsumerCoordinator
from kafka.record.default_records import DefaultRecordBatch

METADATA_MILLISECONDS = 5_000  # well below SILENT_SECONDS: they are an answer too


class Answers:
    """When the broker answered a consumer, by time.monotonic(). Its poll() is as empty while the broker is away as when nothing happens."""

    def __init__(self, kafka: KafkaConsumer) -> None:
        self._kafka, self._take = kafka, kafka._fetcher._handle_fetch_response  # noqa: SLF001 - there is no other way in
        self._fetched: dict[int, tuple[float, set[TopicPartition]]] = {}  # by node
        self.known_at: float | None = None
        kafka._fetcher._handle_fetch_response = self._fetch_answered  # noqa: SLF001

    def polled(self) -> None:
        """Between two polls: what the broker answered until now is known when no answer waits to be read, and each partition had one."""
        answers, fetcher = sorted(self._fetched.values(), key=lambda it: it[0], reverse=True), self._kafka._fetcher  # noqa: SLF001
        left = set(self._kafka._subscription.assignment)  # noqa: SLF001
        if not left or fetcher._completed_fetches or fetcher._next_partition_records:  # noqa: SLF001
            return
        for at, partitions in answers:
            left -= partitions
            if not left:
                self.known_at = at
                return

    def silent_seconds(self) -> float:
        """Since the last answer of any kind."""
        fetched = [at for at, _ in list(self._fetched.values())]
        beaten: float = self._kafka._coordinator.heartbeat.last_receive  # noqa: SLF001
        return time.monotonic() - max(beaten, _metadata_at(self._kafka._client), *fetched)  # noqa: SLF001

    def _fetch_answered(self, node: int, wanted: Mapping[TopicPartition, int], sent_at: float, answer: Any) -> None:  # noqa: ANN401 - kafka-python has no types
        self._take(node, wanted, sent_at, answer)
        if not answer.error_code:
            failed = {
                TopicPartition(topic.topic, partition.partition_index)
                for topic in answer.responses
                for partition in topic.partitions
                if partition.error_code
            }
            self._fetched[node] = sent_at, wanted.keys() - failed


def silent_seconds(producer: KafkaProducer) -> float:
    """Since the broker last answered it: it renews its metadata by itself."""
    return time.monotonic() - _metadata_at(producer._sender._client)  # noqa: SLF001 - there is no other way to see it


def fetch_anew(kafka: KafkaConsumer) -> None:
    """Asks for every partition again. Within a session a broker answers for those alone that have changed, and of one that is assigned
    anew kafka-python has forgotten the end: where nothing happens, nobody would ever know again that everything is read.
    """
    for session in kafka._fetcher._session_handlers.values():  # noqa: SLF001 - there is no other way in
        session.next_metadata = session.next_metadata.next_close_existing()


def _metadata_at(client: Any) -> float:  # noqa: ANN401 - kafka-python has no types
    at: float = client._manager.cluster._last_successful_refresh_ms / 1000  # noqa: SLF001
    return at


_wants_to_join = ConsumerCoordinator.need_rejoin


def _joins_or_wants_to(coordinator: Any) -> bool:  # noqa: ANN401 - kafka-python has no types
    """A join under way is waited for. kafka-python forgets it when the reason for the join goes while no poll waits, as it does when the
    leader of the group assigns the topics of its newest metadata: the member is in the group, and polls without partitions or heartbeats.
    """
    return bool(coordinator.rejoining or _wants_to_join(coordinator))


ConsumerCoordinator.need_rejoin = _joins_or_wants_to  # there is no other way in


class _Name(bytearray):
    def decode(self, *_: str) -> str:
        return bytes(self).decode(errors="backslashreplace")


class _Lenient(bytearray):
    """The bytes of a batch; its parts decode without an error, whatever they hold."""

    def __getitem__(self, index: Any) -> Any:  # noqa: ANN401 - an int or a slice
        found = super().__getitem__(index)
        return _Name(found) if isinstance(index, slice) else found


_read_strictly = DefaultRecordBatch._read_msg  # noqa: SLF001 - see _read_leniently


def _read_leniently(batch: Any, *given: Any) -> Any:  # noqa: ANN401 - kafka-python has no types
    """kafka-python fails at each poll on a header name that is not UTF-8: one record would stop every consumer for ever."""
    start = batch._pos  # noqa: SLF001
    try:
        return _read_strictly(batch, *given)
    except UnicodeDecodeError:
        strict, batch._pos, batch._buffer = batch._buffer, start, _Lenient(batch._buffer)  # noqa: SLF001
        try:
            return _read_strictly(batch, *given)
        finally:
            batch._buffer = strict  # noqa: SLF001


DefaultRecordBatch._read_msg = _read_leniently  # noqa: SLF001 - there is no other way in

"""What kafka-python gets wrong, mended by being imported, and what it lacks: when a broker last answered a consumer, and how one rests."""

# ruff: noqa: SLF001 - there is no other way in

import threading
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
        self._client, self._fetcher, self._coordinator = kafka._client, kafka._fetcher, kafka._coordinator
        self._subscription, self._take = kafka._subscription, self._fetcher._handle_fetch_response
        self._fetched: dict[int, tuple[float, set[TopicPartition]]] = {}  # by node
        self._resting, self._for_a_poll = False, threading.Event()
        self.known_at: float | None = None
        self._fetcher._handle_fetch_response = self._fetch_answered

    def rest(self, seconds: float) -> float:
        """Waits until a poll has something to do, and returns how long that poll may wait by itself. At rest, each empty answer costs a
        poll a dozen changes between kafka-python's thread and ours: meanwhile its thread asks the next question by itself.
        """
        self._resting = True
        self._for_a_poll.clear()
        left = len(self._subscription.assignment) - len(self._subscription.fetchable_partitions())
        if not left and not self._to_be_polled() and self._fetcher.in_flight_fetches():
            self._for_a_poll.wait(seconds)
            seconds = 0.0
        self._resting = False
        return seconds

    def _to_be_polled(self) -> bool:
        read = self._fetcher._completed_fetches or self._fetcher._next_partition_records
        return bool(read or self._coordinator.need_rejoin())

    def polled(self) -> None:
        """Between two polls: what the broker answered until now is known when no answer waits to be read, and each partition had one."""
        answers = sorted(self._fetched.values(), key=lambda it: it[0], reverse=True)
        left = set(self._subscription.assignment)
        if not left or self._to_be_polled():
            return
        for at, partitions in answers:
            left -= partitions
            if not left:
                self.known_at = at
                return

    def silent_seconds(self) -> float:
        """Since the last answer of any kind."""
        fetched = [at for at, _ in list(self._fetched.values())]
        beaten: float = self._coordinator.heartbeat.last_receive
        return time.monotonic() - max(beaten, _metadata_at(self._client), *fetched)

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
        if self._resting and not answer.error_code and not self._to_be_polled():
            self._fetcher._manager.call_soon(self._fetcher._send_fetches_async)
        else:
            self._for_a_poll.set()


def silent_seconds(producer: KafkaProducer) -> float:
    """Since the broker last answered it: it renews its metadata by itself."""
    return time.monotonic() - _metadata_at(producer._sender._client)


def fetch_anew(kafka: KafkaConsumer) -> None:
    """Asks for every partition again. Within a session a broker answers for those alone that have changed, and of one that is assigned
    anew kafka-python has forgotten the end: where nothing happens, nobody would ever know again that everything is read.
    """
    for session in kafka._fetcher._session_handlers.values():
        session.next_metadata = session.next_metadata.next_close_existing()


def _metadata_at(client: Any) -> float:  # noqa: ANN401 - kafka-python has no types
    at: float = client._manager.cluster._last_successful_refresh_ms / 1000
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


_read_strictly = DefaultRecordBatch._read_msg


def _read_leniently(batch: Any, *given: Any) -> Any:  # noqa: ANN401 - kafka-python has no types
    """kafka-python fails at each poll on a header name that is not UTF-8: one record would stop every consumer for ever."""
    start = batch._pos
    try:
        return _read_strictly(batch, *given)
    except UnicodeDecodeError:
        strict, batch._pos, batch._buffer = batch._buffer, start, _Lenient(batch._buffer)
        try:
            return _read_strictly(batch, *given)
        finally:
            batch._buffer = strict


DefaultRecordBatch._read_msg = _read_leniently

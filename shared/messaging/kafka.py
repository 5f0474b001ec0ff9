"""Kafka. The only module of the services that knows kafka-python, with what it needs mended and seen (kafka_python.py)."""

import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from typing import Any

from kafka import ConsumerRebalanceListener, KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition, errors

from shared.events import envelope
from shared.messaging import credentials, kafka_python, records, rounds
from shared.messaging.credentials import Connection
from shared.messaging.inbox import Key, key_of
from shared.messaging.kafka_python import METADATA_MILLISECONDS, Answers
from shared.messaging.ports import SILENT_SECONDS, Forbidden, Message, Refusal, Unavailable, Unreadable
from shared.telemetry import log

_log = log.get(__name__)

# A client that is built while the broker is down would otherwise wait 30 s before it says so.
_BOOTSTRAP_MS = 3_000
# One deadline for everything that a publish waits for; at most one send() exceeds it. Both together stay under the
# relay's idle_in_transaction_session_timeout, or the lock is lost while events are on their way.
PUBLISH_SECONDS = 7.0
_BLOCK_MS = 1_000
# kafka-python gives up a join when poll() returns before the group is complete, and joins again at the next poll,
# without end.
_JOIN_SECONDS = 10.0
_STARTING = (errors.CoordinatorNotAvailableError, errors.CoordinatorLoadInProgressError, errors.NotCoordinatorError)
_COORDINATOR_SECONDS, _COORDINATOR_AGAIN_SECONDS = 20.0, 0.3
_REFUSALS: tuple[tuple[tuple[type[errors.KafkaError], ...], str], ...] = (
    ((errors.MessageSizeTooLargeError, errors.RecordListTooLargeError), "too-large"),
    ((errors.UnknownTopicOrPartitionError, errors.InvalidTopicError), "unknown-topic"),
    ((errors.AuthorizationError,), "not-authorised"),
)


class Producer:
    """Built at first use, and anew after an outage: an idempotent producer that gave up on a record cannot go on."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._kafka: KafkaProducer | None = None
        self._known: set[str] = set()

    def publish(self, messages: Sequence[Message]) -> Sequence[Refusal]:
        try:
            return self._publish(messages, _Deadline(PUBLISH_SECONDS))
        except errors.KafkaError as failure:
            self.close()
            raise Unavailable(f"{type(failure).__name__}: {failure}") from failure

    def ask(self) -> None:
        try:
            silent = kafka_python.silent_seconds(self._client(_Deadline(PUBLISH_SECONDS)))
        except errors.KafkaError as failure:
            raise Unavailable(f"{type(failure).__name__}: {failure}") from failure
        if silent > SILENT_SECONDS:
            raise Unavailable(f"no answer for {silent:.0f} s")

    def close(self) -> None:
        """Does not wait: a record that is not acknowledged by now has been given up."""
        if self._kafka is not None:
            kafka, self._kafka, self._known = self._kafka, None, set()
            try:
                kafka.close(timeout=0)
            except errors.KafkaTimeoutError:  # close() flushes first; with anything left its thread would run for ever
                kafka._sender.force_close()  # noqa: SLF001 - there is no other way to end it

    def _client(self, deadline: "_Deadline") -> KafkaProducer:
        if self._kafka is None:
            credentials.prove(self._connection)
            self._kafka = KafkaProducer(
                **self._connection,
                bootstrap_timeout_ms=deadline.milliseconds(_BOOTSTRAP_MS),
                max_block_ms=_BLOCK_MS,
                acks="all",
                enable_idempotence=True,
                batch_size=128 * 1024,
                linger_ms=2,
                metadata_max_age_ms=METADATA_MILLISECONDS,
                metrics_enabled=False,
                request_timeout_ms=int(PUBLISH_SECONDS * 500),
                delivery_timeout_ms=int(PUBLISH_SECONDS * 1000),
            )
        return self._kafka

    def _publish(self, messages: Sequence[Message], deadline: "_Deadline") -> Sequence[Refusal]:
        kafka = self._client(deadline)
        refused: dict[Key, Refusal] = {}
        existing = self._existing({message.topic for message in messages}, deadline)
        sent = []
        for message in messages:
            deadline.milliseconds()
            if message.topic not in existing:
                refused.setdefault(key_of(message), Refusal(message, "unknown-topic"))
            elif key_of(message) not in refused:
                try:
                    sent.append((message, _send(kafka, message)))
                except errors.KafkaError as failure:
                    refused[key_of(message)] = Refusal(message, _reason(failure))
                except Exception as failure:  # noqa: BLE001 - whatever it is, it is of this message: nothing has been sent
                    _log.error("unwritable", topic=message.topic, key=message.key, code=rounds.code(failure))
                    refused[key_of(message)] = Refusal(message, "unwritable")
        failed = False
        for message, acknowledgement in sent:
            try:
                # Not flush(): it grants its timeout to every batch anew.
                acknowledgement.get(timeout=deadline.milliseconds() / 1000)
            except errors.KafkaError as failure:
                refused.setdefault(key_of(message), Refusal(message, _reason(failure)))
                failed = True
        if failed:
            self.close()
        return list(refused.values())

    def _existing(self, topics: set[str], deadline: "_Deadline") -> set[str]:
        # Never send() to a topic that may not exist: it blocks for max_block_ms, cannot tell "no such topic" from "no answer", and
        # asks for it again every 100 ms from then on, with an error in the log each time.
        if not topics <= self._known:
            milliseconds = deadline.milliseconds(_BOOTSTRAP_MS)
            waits = {"bootstrap_timeout_ms": milliseconds, "request_timeout_ms": milliseconds}
            with closing(KafkaAdminClient(**self._connection, **waits)) as admin:
                self._known = set(admin.list_topics())
        return topics & self._known


class _Deadline:
    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def milliseconds(self, most: int = 3_600_000) -> int:
        """The time left, at most `most`. Raises KafkaTimeoutError when none is left."""
        if (left := int((self._at - time.monotonic()) * 1000)) <= 0:
            raise errors.KafkaTimeoutError("no answer in time")
        return min(left, most)


def _send(kafka: KafkaProducer, message: Message) -> Any:  # noqa: ANN401 - kafka-python has no types
    key, headers = message.key.encode(), envelope.encode(message)
    return kafka.send(message.topic, key=key, value=message.payload, headers=headers)


def _reason(failure: errors.KafkaError) -> str:
    """Raises the failure itself when the message is not its cause."""
    for kinds, reason in _REFUSALS:
        if isinstance(failure, kinds):
            return reason
    raise failure


class Subscription:
    """`topics` is a pattern (events.topics.pattern): a new district's topics are found at the next refresh of metadata."""

    def __init__(
        self,
        connection: Connection,
        *,
        group: str,
        topics: str,
        batch: int = 2_000,
        session_timeout_seconds: float = 10.0,
    ) -> None:
        self._connection, self._group, self.pattern, self._batch = connection, group, topics, batch
        self._session_ms = int(session_timeout_seconds * 1000)
        self._kafka: KafkaConsumer | None = None
        self._answers: Answers | None = None
        self._membership = _Membership(self._assigned)

    def poll(self, wait_seconds: float) -> Sequence[Message | Unreadable]:
        wait = wait_seconds if self._membership.complete else max(wait_seconds, _JOIN_SECONDS)
        with _outages():
            kafka = self._client()
            if self._answers and self._membership.complete:
                wait = self._answers.rest(wait)
            polled = kafka.poll(timeout_ms=int(wait * 1000))
        if self._answers:
            self._answers.polled()
        return [records.read(_record(record)) for partition in polled.values() for record in partition]

    def commit(self) -> None:
        # The watermark decides, not the offset: records whose commit a rebalance or an outage prevents are
        # polled again and skipped.
        with suppress(errors.CommitFailedError, errors.RebalanceInProgressError, Unavailable), _outages():
            self._client().commit(timeout_ms=5_000)

    def _assigned(self) -> None:
        if self._kafka is not None:
            kafka_python.fetch_anew(self._kafka)

    def known_at(self) -> float | None:
        return self._answers.known_at if self._answers else None

    def silent_seconds(self) -> float:
        return self._answers.silent_seconds() if self._answers else 0.0

    def lag(self) -> Mapping[str, int]:
        behind: dict[str, int] = defaultdict(int)
        if self.silent_seconds() > SILENT_SECONDS:
            return behind
        with _outages():
            # Not position(): to say that of one partition, kafka-python looks at all of them, and a city has thousands.
            for partition, state in list(self._client()._subscription.assignment.items()):  # noqa: SLF001
                if state.highwater is not None and state.position is not None:
                    behind[partition.topic] += max(0, state.highwater - state.position.offset)
        return behind

    def answered(self) -> bool:
        return self._membership.answered

    def seen(self) -> frozenset[str]:
        with _outages():
            return frozenset(self._client().subscription() or ())

    def close(self) -> None:
        if self._kafka is not None:
            kafka, self._kafka = self._kafka, None
            with suppress(errors.KafkaError):
                kafka.close(autocommit=False, timeout_ms=3_000)

    def _client(self) -> KafkaConsumer:
        if self._kafka is None:
            credentials.prove(self._connection)
            _may_read(self._connection, self.pattern)
            self._kafka = KafkaConsumer(
                **self._connection,
                bootstrap_timeout_ms=_BOOTSTRAP_MS,
                group_id=self._group,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                max_poll_records=self._batch,
                max_poll_interval_ms=60_000,
                session_timeout_ms=self._session_ms,
                heartbeat_interval_ms=self._session_ms // 4,
                metadata_max_age_ms=METADATA_MILLISECONDS,
                metrics_enabled=False,
            )
            self._answers = Answers(self._kafka)
            self._kafka.subscribe(pattern=self.pattern, listener=self._membership)
        return self._kafka


class Reader:
    """Opens a connection for each reading, and remembers where it stopped."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._positions: dict[TopicPartition, int] = {}

    def read(self, pattern: str, *, since: datetime) -> Iterator[Message | Unreadable]:
        credentials.prove(self._connection)
        with _outages():
            kafka = KafkaConsumer(
                **self._connection, bootstrap_timeout_ms=_BOOTSTRAP_MS, group_id=None, enable_auto_commit=False
            )
            try:
                yield from self._read(kafka, pattern, since)
            finally:
                kafka.close(autocommit=False, timeout_ms=3_000)

    def _read(self, kafka: KafkaConsumer, pattern: str, since: datetime) -> Iterator[Message | Unreadable]:
        names = sorted(name for name in kafka.topics() if re.search(pattern, name))
        partitions = [TopicPartition(name, number) for name in names for number in kafka.partitions_for_topic(name)]
        if not partitions:
            return
        ends = kafka.end_offsets(partitions)
        if new := [partition for partition in partitions if partition not in self._positions]:
            starts = kafka.offsets_for_times(dict.fromkeys(new, int(since.timestamp() * 1000)))
            self._positions |= {
                partition: starts[partition].offset if starts.get(partition) else ends[partition] for partition in new
            }
        left = {partition for partition in partitions if self._positions[partition] < ends[partition]}
        if not left:
            return  # assigning would ask for metadata, and a client that is closed meanwhile logs an error
        kafka.assign(list(left))
        for partition in left:
            kafka.seek(partition, self._positions[partition])
        while left:
            polled = kafka.poll(timeout_ms=5_000)
            for record in (record for found in polled.values() for record in found):
                self._positions[TopicPartition(record.topic, record.partition)] = record.offset + 1
                yield records.read(_record(record))
            if not polled:  # the end of a topic may be passed without a record: it was compacted away
                self._positions |= {partition: kafka.position(partition) for partition in left}
            left = {partition for partition in left if self._positions[partition] < ends[partition]}
            if left and not polled:
                raise errors.KafkaTimeoutError(f"no answer from {len(left)} partitions")


def rewind(connection: Connection, group: str) -> None:
    """Makes the group read every topic from the first record again. Raises Unavailable, also while the group has members."""
    credentials.prove(connection)
    try:
        with closing(KafkaAdminClient(**connection, bootstrap_timeout_ms=_BOOTSTRAP_MS)) as admin:
            answer = _delete_group(admin, group)
    except errors.KafkaError as failure:
        raise Unavailable(f"group {group}: {type(failure).__name__}: {failure}") from failure
    # A group that never read anything has nothing to delete.
    if answer not in {"OK", errors.GroupIdNotFoundError.__name__}:
        raise Unavailable(f"group {group}: {answer}; stop its consumers first")


def _delete_group(admin: KafkaAdminClient, group: str) -> str:
    """A broker without any group makes the topic of its groups at the first question, and has no answer until then."""
    deadline, until_it_knows = _Deadline(_COORDINATOR_SECONDS), {kind.__name__ for kind in _STARTING}
    while True:
        try:
            if (answer := str(admin.delete_groups([group])[group])) not in until_it_knows:
                return answer
        except _STARTING:
            pass
        deadline.milliseconds()
        time.sleep(_COORDINATOR_AGAIN_SECONDS)


@contextmanager
def _outages() -> Iterator[None]:
    """What passes by itself, as kafka-python says: a broker that has just come back answers with many an error, one after another."""
    try:
        yield
    except errors.KafkaError as failure:
        if not failure.retriable:
            raise
        raise Unavailable(f"{type(failure).__name__}: {failure}") from failure


def _may_read(connection: Connection, pattern: str) -> None:
    """Raises Forbidden: a topic that the client may not read would look like a topic without events."""
    with closing(KafkaAdminClient(**connection, bootstrap_timeout_ms=_BOOTSTRAP_MS)) as admin:
        found = [topic for topic in admin.describe_topics() if re.search(pattern, topic["name"])]
    if denied := sorted(topic["name"] for topic in found if "READ" not in topic["authorized_operations"]):
        raise Forbidden(f"{connection.get('sasl_plain_username', 'this client')} may not read {', '.join(denied)}")


class _Membership(ConsumerRebalanceListener):  # type: ignore[misc]  # kafka-python has no types
    """What the group has assigned to this member. No partition is an answer too: the member stands by."""

    def __init__(self, assigned: Callable[[], None]) -> None:
        self.answered = self.complete = False
        self._assigned = assigned

    def on_partitions_revoked(self, revoked: object) -> None:  # noqa: ARG002 - the listener's shape
        self.complete = False

    def on_partitions_assigned(self, assigned: Sequence[object]) -> None:
        self.answered, self.complete = True, bool(assigned)
        self._assigned()


def _record(record: Any) -> Unreadable:  # noqa: ANN401 - kafka-python has no types
    return Unreadable(record.topic, record.partition, record.offset, record.key, record.headers, record.value, "")

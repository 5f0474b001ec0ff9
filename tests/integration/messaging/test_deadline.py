"""A broker accepts connections and does not answer: how long does a publish keep its transaction, and what if the session ends?"""

import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text

from services.notify import wiring as notify
from services.registry import wiring as registry
from services.signing import wiring as signing
from shared.events import topics
from shared.messaging import kafka, memory
from shared.messaging.ports import Message, Refusal, Unavailable
from shared.messaging.relay import Relay
from shared.service import database
from tests.support import kit
from tests.support.eventually import eventually


@contextmanager
def paused(platform):
    broker = platform.supervisor.pid("kafka")
    os.kill(broker, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(broker, signal.SIGCONT)


def test_a_publish_gives_up_before_its_session_does(platform, engines, district):
    """Three relays as the services wire them: one that has never published, one that knows the topic, one that must ask for it."""
    connection = platform.connection
    known, unknown = (topics.name(platform.topics(), kit.KIND) for _ in range(2))
    producers = [kafka.Producer(connection) for _ in range(3)]
    for warm in producers[1:]:
        assert warm.publish([a_message(known)]) == []
    wanted = [known, known, unknown]

    with paused(platform), ThreadPoolExecutor(3) as pool:
        engines_of = [item.SERVICE.engine(engines.urls.mechanism, "relay") for item in (registry, signing, notify)]
        outcomes = list(pool.map(same_session, engines_of, producers, wanted))

    assert outcomes == [True, True, True]
    assert producers[1].publish([a_message(known)]) == []  # the same object, a new client
    for item in (*producers, *engines_of):
        item.dispose() if isinstance(item, Engine) else item.close()


def same_session(engine: Engine, producer: kafka.Producer, topic: str) -> bool:
    """Does the transaction that waited for the broker still live when the publish has given up?"""
    with engine.begin() as transaction:
        session = transaction.execute(text("select pg_backend_pid()")).scalar_one()
        with pytest.raises(Unavailable):
            producer.publish([a_message(topic) for _ in range(50)])
        return transaction.execute(text("select pg_backend_pid()")).scalar_one() == session


def a_message(topic: str) -> Message:
    return kit.message(str(uuid4()), 1, topic=topic)


def test_a_producer_that_is_closed_leaves_no_thread(platform):
    connection, topic = platform.connection, topics.name(platform.topics(), kit.KIND)
    others = kafka_threads()
    producer = kafka.Producer(connection)
    producer.publish([a_message(topic)])
    own = kafka_threads() - others
    assert own
    with paused(platform), pytest.raises(Unavailable):
        producer.publish([a_message(topic)])

    eventually(lambda: not any(thread.is_alive() for thread in own))


def kafka_threads() -> set[threading.Thread]:
    """The threads of the Kafka client, found by name: other threads may start and end during the test."""
    return {thread for thread in threading.enumerate() if "kafka" in thread.name}


class Slow:
    """A broker that calls `meanwhile` before it acknowledges the messages."""

    def __init__(self, broker: memory.Broker, meanwhile: Callable[[], object]) -> None:
        self._producer, self._meanwhile = memory.Producer(broker), meanwhile

    def publish(self, messages: Sequence[Message]) -> Sequence[Refusal]:
        refused = self._producer.publish(messages)
        self._meanwhile()
        return refused

    def close(self) -> None:
        """Nothing is held."""


def test_a_relay_sends_events_again_after_its_database_session_ended(engines, district):
    broker, unit = memory.Broker(), uuid4()
    broker.create(topics.name(district, kit.KIND))
    kit.happen(engines.app, district, [unit])
    impatient = database.connect(
        engines.urls.mechanism, application_name="impatient", pool_size=1, idle_in_transaction_seconds=1
    )
    slow = Relay(impatient, Slow(broker, lambda: eventually(lambda: not sessions(engines, "impatient"))))

    with pytest.raises(Unavailable, match="IdleInTransactionSessionTimeout"):
        slow.run_once()
    assert Relay(engines.mechanism, memory.Producer(broker)).run_once() == 1

    found = list(memory.Reader(broker).read(topics.name(district, kit.KIND), since=None))
    assert [(item.key, item.sequence) for item in found] == [(str(unit), 1)] * 2
    assert len({item.event_id for item in found}) == 1  # every inbox treats it as a repeat
    impatient.dispose()


def sessions(engines: SimpleNamespace, name: str) -> int:
    counting = text("select count(*) from pg_stat_activity where application_name = :name")
    with engines.owner.connect() as connection:
        return connection.execute(counting, {"name": name}).scalar_one()

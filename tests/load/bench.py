"""What our guarantees cost: the relay against a bare producer, the consumer against a bare poll, each with the same settings.

    python -m tests.load.bench

Each ratio is the median of alternating pairs in one run, so that whatever else the machine does falls on both sides alike.
"""

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from uuid import uuid4

from sqlalchemy import Engine

from shared.events import topics
from shared.messaging import kafka
from shared.messaging.consumer import Consumer
from shared.messaging.ports import Message
from shared.messaging.relay import Relay
from shared.service import database
from tests.support import kit, platform, raw_kafka
from tests.support.platform import Platform

PAIRS = 5
KEYS, ROUNDS = 300, 8
EVENTS = KEYS * ROUNDS


class Bench:
    def __init__(self, running: Platform, app: Engine, mechanism: Engine) -> None:
        self.running, self.app, self.mechanism = running, app, mechanism
        self.connection = running.connection
        self.units = [uuid4() for _ in range(KEYS)]

    def district(self) -> str:
        made = self.running.district()
        raw_kafka.create(self.connection, topics.name(made, kit.KIND))
        return made

    def messages(self, district: str) -> list[Message]:
        topic = topics.name(district, kit.KIND)
        return [kit.message(str(unit), number, topic=topic) for number in range(1, ROUNDS + 1) for unit in self.units]

    def relay(self) -> float:
        district = self.district()
        for _ in range(ROUNDS):
            kit.happen(self.app, district, self.units)
        relay = Relay(self.mechanism, self.warm(district))
        return timed(lambda: sum(iter(relay.run_once, 0)))

    def raw_producer(self) -> float:
        district = self.district()
        producer, messages = self.warm(district), self.messages(district)

        def send() -> int:
            client = producer._client(kafka._Deadline(60))
            sent = [kafka._send(client, message) for message in messages]
            client.flush(timeout=60)
            return sum(bool(item.get(timeout=0)) for item in sent)

        return timed(send)

    def warm(self, district: str) -> kafka.Producer:
        producer = kafka.Producer(self.connection)
        producer.publish([kit.message(str(uuid4()), 1, topic=topics.name(district, kit.KIND))])
        return producer

    def consumer(self) -> float:
        with closing(self.subscribed()) as subscription:
            consumer = Consumer(uuid4().hex, self.app, subscription, kit.REACTIONS)
            return timed(lambda: counted(consumer.run_once))

    def poll_only(self) -> float:
        with closing(self.subscribed()) as subscription:
            return timed(lambda: counted(lambda: bare(subscription)))

    def subscribed(self) -> kafka.Subscription:
        """A subscription that has joined its group and read one record, so that the join is not measured."""
        district = self.district()
        topic = topics.name(district, kit.KIND)
        with closing(kafka.Producer(self.connection)) as producer:
            producer.publish([kit.message(str(uuid4()), 1, topic=topic)])
            subscription = kafka.Subscription(
                self.connection, group=uuid4().hex, topics=topics.pattern(kit.KIND).replace(topics.DISTRICT, district)
            )
            while not subscription.poll(0.1):
                continue
            producer.publish(self.messages(district))
        return subscription


def bare(subscription: kafka.Subscription) -> int:
    """Polls and commits without reading the records."""
    polled = subscription._client().poll(timeout_ms=1_000)
    subscription.commit()
    return sum(map(len, polled.values()))


def counted(once: Callable[[], int]) -> int:
    found = 0
    while found < EVENTS:
        found += once()
    return found


def timed(work: Callable[[], int]) -> float:
    """Events per second. Raises AssertionError when the number of events is wrong."""
    began = time.perf_counter()
    done = work()
    seconds = time.perf_counter() - began
    assert done == EVENTS, f"{done} of {EVENTS}"
    return EVENTS / seconds


def compare(title: str, ours: Callable[[], float], theirs: Callable[[], float]) -> None:
    pairs = []
    for number in range(PAIRS):
        first, second = (ours, theirs) if number % 2 == 0 else (theirs, ours)
        speeds = {first: first(), second: second()}
        pairs.append((speeds[ours], speeds[theirs]))
        print(
            f"  {title}: {speeds[ours]:7,.0f}/s ÷ {speeds[theirs]:7,.0f}/s = {speeds[ours] / speeds[theirs]:.2f}",
            flush=True,
        )
    print(
        f"{title}: {statistics.median(mine / bare_ for mine, bare_ in pairs):.2f} (median of {PAIRS} pairs, {EVENTS:,} events each)"
    )


@contextmanager
def bench() -> Iterator[Bench]:
    running = platform.start()
    try:
        made = running.empty(kit.SERVICE)
        engines = [database.connect(url, application_name="bench") for url in (made.owner, made.app, made.mechanism)]
        kit.create(engines[0], kit.tables())
        yield Bench(running, engines[1], engines[2])
        for engine in engines:
            engine.dispose()
    finally:
        platform.stop(running.place)


def main() -> int:
    with bench() as made:
        compare("relay ÷ bare producer", made.relay, made.raw_producer)
        compare("consumer with effect ÷ bare poll", made.consumer, made.poll_only)
    return 0


if __name__ == "__main__":
    sys.exit(main())

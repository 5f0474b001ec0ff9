"""A Hypothesis state machine over the consumer, inbox, parking and redrive: real SQL, the broker in memory.

Deliveries come twice, late, through added partitions, after a rewind, to a zombie and across a crash before the commit; events are
poisoned and mended. After every step: each key's effects are 1, 2, 3 … without a hole, and whatever is missing waits.
"""

from types import SimpleNamespace
from typing import ClassVar
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text

from shared.events import topics
from shared.messaging import memory
from shared.messaging.consumer import Consumer
from shared.messaging.reactions import on, table
from shared.messaging.redrive import Redrive
from shared.service import database
from tests.support import kit

KEYS = st.integers(0, 3)
SEQUENCE = st.integers(1, 200)


class Order(RuleBasedStateMachine):
    engines: ClassVar[SimpleNamespace]

    @initialize()
    def start(self) -> None:
        self.district = str(100_000 + uuid4().int % 900_000)
        self.topic = topics.name(self.district, kit.KIND)
        self.broker = memory.Broker()
        self.broker.create(self.topic, 1)
        self.name = uuid4().hex
        self.keys = [str(uuid4()) for _ in range(4)]
        self.written: dict[str, list] = {key: [] for key in self.keys}
        self.sent: dict[str, set[int]] = {key: set() for key in self.keys}
        self.poisoned: set[str] = set()
        self.zombies: list[tuple] = []
        self.consumers = [self.consumer(), self.consumer()]

    def consumer(self) -> Consumer:
        subscription = memory.Subscription(self.broker, group="g", topics=".*", batch=5)
        return Consumer(self.name, self.engines.app, subscription, table(on(kit.Happened, self.react)))

    def react(self, tx, batch) -> None:
        if any(str(it.message.event_id) in self.poisoned for it in batch.received):
            kit.Happened.model_validate({})
        kit.add_up(tx, batch)

    def publish(self, key: str, sequence: int) -> None:
        self.sent[key].add(sequence)
        memory.Producer(self.broker).publish([self.written[key][sequence - 1]])

    @rule(key=KEYS, count=st.integers(1, 4), poison=st.sampled_from([False] * 6 + [True]), relayed=st.booleans())
    def write(self, key, count, poison, relayed) -> None:
        name = self.keys[key]
        for _ in range(count):
            message = kit.message(name, len(self.written[name]) + 1, topic=self.topic)
            self.written[name].append(message)
            if poison:
                self.poisoned.add(str(message.event_id))
                poison = False
            if relayed:
                self.publish(name, message.sequence)

    @rule(key=KEYS, sequence=SEQUENCE)
    def deliver_late_or_again(self, key, sequence) -> None:
        name = self.keys[key]
        if self.written[name]:
            self.publish(name, 1 + sequence % len(self.written[name]))

    @rule(which=st.integers(0, 1))
    def consume(self, which) -> None:
        self.consumers[which].run_once()

    @rule(which=st.integers(0, 1))
    def crash_before_the_offset_is_committed(self, which) -> None:
        self.broker.readers["g"].remove(self.consumers[which]._subscription)
        self.consumers[which]._subscription.commit = lambda: None
        self.broker.readers["g"].append(self.consumers[which]._subscription)
        self.consumers[which].run_once()
        self.consumers[which]._subscription.close()
        self.consumers[which] = self.consumer()

    @rule(which=st.integers(0, 1))
    def fall_asleep_after_the_poll(self, which) -> None:
        sleeper = self.consumers[which]
        self.zombies.append((sleeper, sleeper._subscription.poll(0)))
        sleeper._subscription.close()
        self.consumers[which] = self.consumer()

    @rule()
    def wake_up(self) -> None:
        if self.zombies:
            sleeper, polled = self.zombies.pop()
            if polled:
                sleeper._applied(self.district, polled)

    @rule()
    def rewind(self) -> None:
        for consumer in self.consumers:
            consumer._subscription._positions.clear()
        self.broker.committed.clear()

    @rule()
    def add_a_partition(self) -> None:
        self.broker.create(self.topic, min(4, self.broker.partitions[self.topic] + 1))

    @rule()
    def heal(self) -> None:
        self.redrive().heal(self.district)

    @rule(key=KEYS, dry_run=st.booleans())
    def redrive_after_mending(self, key, dry_run) -> None:
        mended = {str(message.event_id) for message in self.written[self.keys[key]]}
        before, self.poisoned = self.poisoned, self.poisoned - mended
        for waiting in self.redrive().keys(self.district, key=self.keys[key]):
            self.redrive().key(waiting, district=self.district, batch=3, dry_run=dry_run)
        if dry_run:
            self.poisoned = before

    def redrive(self) -> Redrive:
        return Redrive(self.name, self.engines.app, table(on(kit.Happened, self.react)))

    def found(self) -> tuple[dict[str, list[int]], set[tuple[str, int]]]:
        with database.begin(self.engines.app, district=self.district) as tx:
            waiting = tx.connection.execute(text("select key, sequence from parked where released_at is null"))
            return kit.effects(tx.connection), {(row.key, row.sequence) for row in waiting}

    @invariant()
    def effects_are_contiguous_and_each_once(self) -> None:
        effects, waiting = self.found()
        for sequences in effects.values():
            assert sequences == list(range(1, len(sequences) + 1))
        assert not {(key, number) for key, sequences in effects.items() for number in sequences} & waiting

    def teardown(self) -> None:
        """In the end every sent event is applied, unless a missing or poisoned event is before it; the rest waits."""
        if not hasattr(self, "keys"):
            return
        self.zombies.clear()
        while any(consumer.run_once() for consumer in self.consumers):
            continue
        while self.redrive().heal(self.district):
            continue
        effects, waiting = self.found()
        for key in self.keys:
            due = 0
            while due + 1 in self.sent[key] and str(self.written[key][due].event_id) not in self.poisoned:
                due += 1
            assert len(effects.get(key, [])) >= due
            assert {number for name, number in waiting if name == key} == {
                n for n in self.sent[key] if n > len(effects.get(key, []))
            }


@pytest.mark.timeout(900, func_only=True)
def test_no_order_of_events_breaks_a_key(engines):
    Order.engines = engines
    bounded = settings(
        max_examples=150,
        stateful_step_count=40,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Order, settings=bounded)

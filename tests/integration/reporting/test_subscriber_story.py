"""A Hypothesis state machine over an agency's subscription: real PostgreSQL, the real door, the broker in memory.

Events are written and applied while the subscriber pulls, waits, streams, reads again, loses its cursor and changes its filter; its
grants are given and revoked; the model is rebuilt and the log filled under a new epoch. Whenever it has caught up, it holds what our
recount of the journal gives for its facts.
"""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import ClassVar
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlalchemy import text

from services.reporting import wiring
from services.reporting.api.live import Hub
from services.reporting.queries.unit_states import CHANGED_BY
from shared.events.contract import Event
from shared.events.registry import GrantApproved, GrantRevoked
from shared.messaging.ports import Message
from shared.service import database
from shared.service.clock import RealClock
from tests.support import recounting
from tests.support.door import CLIENT, DISTRICT, door_of
from tests.support.eventually import eventually
from tests.support.launch import Bus, Launch, Numbering, granted, shuffled
from tests.support.platform import Database
from tests.support.rebuilding import rebuilt
from tests.support.subscriber import Subscriber

OF_REGISTRY = tuple(event.declared.type for fact in ("registered", "assignment") for event in CHANGED_BY[fact])
OF_RIGHTS = tuple(event.declared.type for event in CHANGED_BY["rights"])
OF_AGREEMENTS = tuple(event.declared.type for event in CHANGED_BY["agreement"])
OF_SIGNINGS = tuple(event.declared.type for event in CHANGED_BY["signing"])
GRANTS = (OF_REGISTRY, OF_RIGHTS, OF_AGREEMENTS)
FILTERS = ((), OF_RIGHTS, OF_SIGNINGS, OF_REGISTRY + OF_SIGNINGS)
_LOGGED = text("select event_id from exchange_log join exchange_numbers using (district, epoch)")
_LAST = text("select last_number from exchange_numbers where district = :district")


def a_day(seed: int) -> list[Message]:
    launch = Launch(units=8)
    signed = [launch.sign(number) for number in range(6)]
    cases = [event for number in range(7) for event in launch.prepare(number)]
    corrected = [unit.model_copy(update={"revision": 2, "door": "909"}) for unit in launch.register()[:3]]
    events = [*launch.opening(), *launch.register(), *launch.groups(), *cases, *signed, *corrected]
    ends = [launch.rescind(signed[1]), launch.lapse(signed[4])]
    return shuffled(Numbering().messages(DISTRICT, [*events, *ends]), seed=seed)


class Subscription(RuleBasedStateMachine):
    make_database: ClassVar[Callable[[str], Database]]
    issuer: ClassVar[tuple[str, Path]]

    @initialize(seed=st.integers(0, 99))
    def begin(self, seed: int) -> None:
        self.urls = self.make_database("reporting")
        self.engine = wiring.engine(self.urls.app, "test")
        self.hub = Hub(self.engine, RealClock())
        self.bus, self.numbering = Bus(self.engine), Numbering()
        self.coming, self.journal = a_day(seed), list[Message]()
        self.random, self.former = Random(seed), [""]
        self.subscriber = Subscriber(door_of(self.engine, self.issuer, self.hub))
        registered, self.approval = granted(CLIENT, types=OF_REGISTRY)
        self.given: dict[int, UUID] = {}
        self.decide(registered)
        self.grant(0)

    def decide(self, *acts: Event) -> None:
        messages = self.numbering.messages(DISTRICT, acts)
        self.journal += messages
        self.bus.deliver(messages)

    @rule(count=st.integers(1, 12), applied=st.booleans())
    def events_are_written(self, count: int, applied: bool) -> None:
        written, self.coming = self.coming[:count], self.coming[count:]
        self.journal += written
        self.bus.producer.publish(written)
        while applied and self.bus.consumer.run_once(wait_seconds=0):
            pass

    @rule(which=st.integers(0, 2))
    def grant(self, which: int) -> None:
        if which not in self.given:
            assert isinstance(self.approval, GrantApproved)
            terms = self.approval.terms.model_copy(update={"event_types": GRANTS[which]})
            self.given[which] = uuid4()
            self.decide(GrantApproved(agency="real-estate", grant_id=self.given[which], terms=terms))

    @rule(which=st.integers(0, 2))
    def revoke(self, which: int) -> None:
        if grant_id := self.given.pop(which, None):
            now = datetime.now(UTC)
            self.decide(GrantRevoked(agency="real-estate", grant_id=grant_id, reason="年度复核", revoked_at=now))

    @rule(limit=st.integers(1, 20))
    def pull(self, limit: int) -> None:
        self.former.append(self.subscriber.cursor)
        self.subscriber.pull(limit=limit)

    @rule(limit=st.integers(1, 20))
    def stream(self, limit: int) -> None:
        self.subscriber.stream(limit=limit)

    @rule()
    def read_again_from_a_former_cursor(self) -> None:
        self.subscriber.pull(limit=5, after=self.random.choice(self.former))

    @rule()
    def long_poll_while_events_come(self) -> None:
        if not self.coming or not self.subscriber.catch_up():
            return
        ended = threading.Event()
        writing = threading.Thread(target=self._write_when_awaited, args=(ended,), daemon=True)
        writing.start()
        try:
            self.subscriber.pull(limit=10, wait=1)
        finally:
            ended.set()
            writing.join()

    def _write_when_awaited(self, ended: threading.Event) -> None:
        eventually(lambda: self.hub.watch._awaited[DISTRICT] or ended.is_set())
        self.events_are_written(6, applied=True)
        while not ended.wait(0.02):
            self.hub.watch.poll()

    @rule()
    def lose_the_cursor(self) -> None:
        self.subscriber.forget()
        self.former = [""]

    @rule(types=st.sampled_from(FILTERS))
    def change_the_filter(self, types: tuple[str, ...]) -> None:
        self.subscriber.choose(types)
        self.former = [""]

    @rule(fill=st.booleans())
    def rebuild(self, fill: bool) -> None:
        rebuilt(self.urls, self.bus.subscription(uuid4().hex, batch=17), fill=fill)

    @rule()
    def what_it_holds_is_our_recount(self) -> None:
        if not self.subscriber.catch_up():
            return
        with database.reading(self.engine, granted=[DISTRICT]) as tx:
            logged = set(tx.connection.execute(_LOGGED).scalars())
            last = tx.connection.execute(_LAST, {"district": DISTRICT}).scalar_one()
        applied = [message for message in self.journal if message.event_id in logged]
        assert self.subscriber.number == last == len(applied)
        assert self.subscriber.holds() == recounting.recount(applied, self.subscriber.facts)

    def teardown(self) -> None:
        if not hasattr(self, "subscriber"):
            return
        try:
            self.events_are_written(len(self.coming), applied=True)
            self.what_it_holds_is_our_recount()
            with database.reading(self.engine, granted=[DISTRICT]) as tx:
                assert tx.connection.execute(_LAST, {"district": DISTRICT}).scalar_one() == len(self.journal)
        finally:
            self.engine.dispose()


@pytest.mark.timeout(300, func_only=True)
def test_no_story_of_a_subscription_loses_or_doubles_an_event(database, issuer) -> None:
    Subscription.make_database, Subscription.issuer = staticmethod(database), issuer
    bounded = settings(
        max_examples=6,
        stateful_step_count=20,
        phases=(
            Phase.explicit,
            Phase.reuse,
            Phase.generate,
        ),  # a story is long to play: to make it smaller takes minutes
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Subscription, settings=bounded)

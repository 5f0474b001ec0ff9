"""Notify on a real database, with real receivers. Events of registry and signing come from a broker in memory."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Engine, text

from services.notify.consumers import KINDS, reactions
from services.notify.gateways.sms import Sms
from services.notify.gateways.smtp import Mail
from services.notify.queries import conservation
from services.notify.queries.conservation import Conservation
from services.notify.store.contacts import Opener
from services.notify.workers.complete import Completer
from services.notify.workers.dispatch import Dispatcher
from services.notify.workers.inquire import Inquirer
from shared.events import topics
from shared.messaging import memory
from shared.messaging.consumer import Consumer
from shared.messaging.ports import Message
from shared.service import database
from tests.integration.notify.receivers import MailServer, TextGateway
from tests.support.clocks import StandingClock
from tests.support.owners import NOON, PRIVATE, Story
from tests.support.platform import Platform

_districts = count(400_000)


@dataclass
class Notify:
    engine: Engine
    district: str
    mail: MailServer
    sms: TextGateway
    clock: StandingClock = field(default_factory=lambda: StandingClock(NOON))
    owner_url: str = ""

    def __post_init__(self) -> None:
        self.story, self.broker, self._opener = Story(self.district), memory.Broker(), Opener(PRIVATE)
        for kind in KINDS:
            self.broker.create(topics.name(self.district, kind))
        carried_by = {
            "mail": Mail("127.0.0.1", self.mail.port, sender="notice@clearwater.example", timeout_seconds=2),
            "sms": Sms(self.sms.url, timeout_seconds=2),
        }
        mine = {"clock": self.clock, "districts": [self.district]}
        self.dispatcher = Dispatcher(self.engine, carried_by, opener=self._opener, **mine)
        self.completer = Completer(self.engine, opener=self._opener, **mine)
        self.gateways = carried_by

    @property
    def opener(self) -> Opener:
        return self._opener

    @property
    def sms_gateway(self) -> Sms:
        return self.gateways["sms"]

    @contextmanager
    def as_owner(self) -> Iterator[Any]:
        """A transaction of the owner, for rows that our code never writes."""
        owner = database.connect(self.owner_url, application_name="test-planted")
        with database.begin(owner, district=self.district) as tx:
            yield tx.connection
        owner.dispose()

    def receive(self, *messages: Message) -> None:
        """Publishes the messages and runs the consumer until it has read all."""
        memory.Producer(self.broker).publish(messages)
        self.reads("notify")

    def reads(self, group: str) -> None:
        """Reads as a consumer of that name. A new consumer starts at the first record, with an empty inbox."""
        subscription = memory.Subscription(self.broker, group=group, topics=topics.pattern(*KINDS))
        table = reactions(opener=self._opener, clock=self.clock)
        consumer = Consumer(group, self.engine, subscription, table)
        while consumer.run_once(wait_seconds=0):
            pass
        subscription.close()

    def dispatches(self) -> None:
        while self.dispatcher.run_once():
            pass

    def inquires(self, *, lease: timedelta = timedelta(0)) -> int:
        return Inquirer(self.engine, self.gateways, clock=self.clock, lease=lease, districts=[self.district]).run_once()

    def rows(self, sql: str, **values: object) -> Sequence[Any]:
        with database.reading(self.engine, granted=[self.district]) as tx:
            return tx.connection.execute(text(sql), values).all()

    def states(self) -> list[tuple[str, str | None, str | None]]:
        return [
            tuple(row)
            for row in self.rows("select state, channel, code from messages order by planned_at, template, message_key")
        ]

    def event_types(self) -> list[str]:
        """The types of notify's own events, in order, without the prefix."""
        return [row.type.split(".", 2)[2] for row in self.rows("select type from events order by id")]

    def balance(self) -> Conservation:
        with database.reading(self.engine, granted=[self.district]) as tx:
            [found] = conservation.by_district(tx)
        assert found.missing == 0
        return found


@pytest.fixture(scope="package")
def notify_database(platform: Platform) -> Iterator[Any]:
    made = platform.database("notify")
    yield made
    platform.drop(made)


@pytest.fixture(scope="package")
def engine(notify_database: Any) -> Iterator[Engine]:
    connected = database.connect(notify_database.app, application_name="test-notify", pool_size=12)
    yield connected
    connected.dispose()


@pytest.fixture
def notify(engine: Engine, notify_database: Any) -> Iterator[Notify]:
    """Notify in a district of the test's own, with a project."""
    with MailServer() as mail, TextGateway() as sms:
        started = Notify(engine, str(next(_districts)), mail, sms, owner_url=notify_database.owner)
        started.receive(started.story.project())
        yield started

"""What happens during a rebuild: a second one, and readers that began before it took its place."""

from collections.abc import Callable, Sequence
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from services.reporting.projections.reactions import TOPICS
from services.reporting.workers import rebuild
from shared.events import topics
from shared.messaging import memory
from shared.messaging.ports import Message, Unreadable
from tests.integration.reporting.test_fill_log import holds_each_once, log
from tests.support.launch import Bus, Launch, Numbering
from tests.support.platform import Database
from tests.support.rebuilding import rebuilt

DISTRICT = "440303"


class Killed(BaseException):
    """The process ends."""


class Interrupted(memory.Subscription):
    """Before the poll with this number, counted from 1, something happens."""

    def __init__(self, bus: Bus, *, poll: int, happens: Callable[[], None], batch: int = 500) -> None:
        super().__init__(bus.broker, group=uuid4().hex, topics=topics.pattern(*TOPICS), batch=batch)
        self._left, self._happens = poll, happens

    def poll(self, wait_seconds: float) -> Sequence[Message | Unreadable]:
        self._left -= 1
        if self._left == 0:
            self._happens()
        return super().poll(wait_seconds)


def killed() -> None:
    raise Killed


@pytest.mark.parametrize("fill", [False, True])
def test_a_second_rebuild_beside_the_first_takes_no_event_from_it(engine: Engine, urls: Database, fill: bool) -> None:
    """Two would read into one schema: what one of them applied, the other would take for a repeat, and nobody would number it."""
    messages, bus = Numbering().messages(DISTRICT, Launch(units=30).register()), Bus(engine)
    bus.deliver(messages[:20])
    bus.producer.publish(messages[20:])
    refused: list[BaseException] = []

    def second() -> None:
        with pytest.raises((rebuild.Stuck, Killed)) as ended:
            rebuilt(urls, Interrupted(bus, poll=2, happens=killed, batch=25), fill=fill)
        refused.append(ended.value)

    rebuilt(urls, Interrupted(bus, poll=1, happens=second), fill=fill)
    while bus.consumer.run_once(wait_seconds=0):
        pass

    assert holds_each_once(log(engine), messages)
    assert [str(it) for it in refused] == ["another rebuild is under way"]

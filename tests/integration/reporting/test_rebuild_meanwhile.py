"""What happens during a rebuild: a second one, and readers that began before it took its place."""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text

from services.reporting import wiring
from services.reporting.projections.reactions import TOPICS
from services.reporting.queries import unit_states
from services.reporting.workers import rebuild
from shared.events import topics
from shared.messaging import memory
from shared.messaging.ports import Message, Unreadable
from tests.integration.reporting.test_fill_log import holds_each_once, log
from tests.integration.reporting.test_snapshot import ALL
from tests.support.door import CLIENT, DISTRICT, Door
from tests.support.eventually import eventually
from tests.support.launch import Bus, Launch, Numbering, granted
from tests.support.platform import Database
from tests.support.rebuilding import rebuilt

_SWAPPED_OR_WAITING = text("""
    select exists (select from pg_namespace where nspname = 'model_old')
        or exists (select from pg_locks where not granted and mode = 'AccessExclusiveLock')
""")


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


def swapped_or_waiting(urls: Database) -> bool:
    """Whether the shadow has taken the model's place, or waits for the readers of the live one."""
    owner = wiring.engine(urls.owner, "test")
    try:
        with owner.connect() as connection:
            return bool(connection.execute(_SWAPPED_OR_WAITING).scalar_one())
    finally:
        owner.dispose()


def test_a_snapshot_that_a_rebuild_overtakes_lacks_no_unit(
    engine: Engine, door: Door, urls: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its transaction began before the shadow had read anything: in the shadow's tables it would see no row."""
    monkeypatch.setattr(unit_states, "_ROWS", 4)
    launch, bus, numbering = Launch(units=30), Bus(engine), Numbering()
    bus.deliver(Numbering().messages(DISTRICT, granted(CLIENT, types=ALL)))
    bus.deliver(numbering.messages(DISTRICT, [*launch.opening(), *launch.register()]))
    headers = {"Authorization": f"Bearer {door.token}"}
    answer = door.app.test_client().get(f"/api/v1/districts/{DISTRICT}/snapshot", headers=headers, buffered=False)
    lines = iter(answer.response)
    begun = [next(lines)]

    with ThreadPoolExecutor(1) as beside:
        rebuilding = beside.submit(rebuilt, urls, bus.subscription("rebuild"))
        assert eventually(lambda: rebuilding.done() or swapped_or_waiting(urls))
        whole = b"".join([*begun, *lines]).decode().splitlines()
        answer.close()
        rebuilding.result()

    assert json.loads(whole[-1])["count"] == 30
    head, units = door.snapshot()
    assert (head["number"], len(units)) == (json.loads(whole[0])["number"], 30)

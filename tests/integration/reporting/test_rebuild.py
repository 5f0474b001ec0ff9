"""Real PostgreSQL and real Kafka under load: does the rebuilt model replace the old one without a lost event?"""

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.reporting.store import feed
from services.reporting.store.model_schema import SEARCH_PATH, SEARCH_PATH_NEXT
from services.reporting.store.model_schema import schema as model_schema
from services.reporting.workers.rebuild import Rebuild, Stuck
from shared.messaging import kafka, schema
from shared.messaging.consumer import Consumer
from shared.messaging.reactions import on, table
from shared.messaging.relay import Relay
from shared.service import database, row_security
from tests.support import kit
from tests.support.platform import Platform

NAME = "rates"


def tables() -> list[str]:
    return [*schema.inbox(kit.SERVICE), *kit.read_model()]


@pytest.fixture
def place(platform: Platform) -> Iterator[SimpleNamespace]:
    made = platform.empty(kit.SERVICE)
    district = platform.topics()
    connection = platform.connection
    engines = {
        "owner": database.connect(made.owner, application_name="owner"),
        "mechanism": database.connect(made.mechanism, application_name="relay"),
        "app": database.connect(made.app, application_name="live", search_path=SEARCH_PATH),
        "shadow": database.connect(made.app, application_name="shadow", search_path=SEARCH_PATH_NEXT),
    }
    kit.create(
        engines["owner"],
        [
            *row_security.schema(kit.SERVICE),
            *schema.journal(kit.SERVICE),
            *feed.schema(kit.SERVICE),
            *schema.decisions(kit.SERVICE),
            *model_schema(kit.SERVICE, tables()),
        ],
    )
    pattern = rf"^clearwater\.{district}\.{kit.KIND}$"
    subscription = lambda: kafka.Subscription(connection, group=uuid4().hex, topics=pattern)  # noqa: E731
    yield SimpleNamespace(district=district, connection=connection, subscription=subscription, **engines)
    for engine in engines.values():
        engine.dispose()
    platform.drop(made)


def rebuild(place: SimpleNamespace, lines: list[str], reactions=kit.REACTIONS) -> Rebuild:
    return Rebuild(
        kit.SERVICE,
        tables(),
        owner=place.owner,
        shadow=place.shadow,
        subscription=place.subscription(),
        consumer=NAME,
        reactions=reactions,
        show_line=lines.append,
    )


class Running:
    """Runs writers, relay and live consumer as threads until it is stopped. A thread that dies fails the test."""

    def __init__(self, place: SimpleNamespace) -> None:
        self.place, self.stop, self.enough, self.failed = place, threading.Event(), threading.Event(), []
        self.units, self.rounds = [uuid4() for _ in range(20)], 0
        self.live = Consumer(NAME, place.app, place.subscription(), kit.REACTIONS)
        relay = Relay(place.mechanism, kafka.Producer(place.connection))
        loops = [self._write, lambda: relay.run_forever(self.stop), lambda: self.live.run_forever(self.stop)]
        self.threads = [threading.Thread(target=self._guarded, args=(loop,)) for loop in loops]
        for thread in self.threads:
            thread.start()

    def _guarded(self, loop) -> None:
        try:
            loop()
        except Exception as failure:
            self.failed.append(failure)
            raise

    def _write(self) -> None:
        while not self.enough.wait(0.1):
            kit.happen(self.place.app, self.place.district, self.units)
            self.rounds += 1

    def settled(self) -> bool:
        with database.begin(self.place.app, district=self.place.district) as tx:
            found = kit.effects(tx.connection)
        return sum(map(len, found.values())) >= self.rounds * len(self.units)

    def end(self) -> None:
        self.enough.set()
        self.threads[0].join()
        for _ in range(100):
            if self.settled() or self.failed:
                break
            self.stop.wait(0.2)
        self.stop.set()
        for thread in self.threads:
            thread.join()
        assert not self.failed


@pytest.mark.timeout(120, func_only=True)
def test_a_rebuild_swaps_under_a_running_consumer_and_loses_nothing(place):
    running, lines = Running(place), []
    try:
        for _ in range(2):
            threading.Event().wait(1.5)
            rebuild(place, lines).run()
    finally:
        running.end()

    with database.begin(place.app, district=place.district) as tx:
        expected = list(range(1, running.rounds + 1))
        assert kit.effects(tx.connection) == {str(unit): expected for unit in running.units}
        entries = feed.after(tx.connection, place.district, 0, 10)
        schemas = (
            tx.connection.execute(text("select nspname from pg_namespace where nspname like 'model%'")).scalars().all()
        )
    assert [entry.kind for entry in entries] == ["rebuilt", "rebuilt"]
    assert schemas == ["model"]
    assert running.rounds > 10 and lines[-1].startswith("rebuilt from")
    row_security.self_test(place.app, place.mechanism)


def test_a_rebuild_whose_reactions_reject_more_swaps_nothing(place):
    units = [uuid4() for _ in range(5)]
    kit.happen(place.app, place.district, units)
    Relay(place.mechanism, kafka.Producer(place.connection)).run_once()
    live = Consumer(NAME, place.app, place.subscription(), kit.REACTIONS)
    while not live.run_once():
        continue
    live._subscription.close()

    def reject(_tx, _batch):
        kit.Happened.model_validate({})

    with pytest.raises(Stuck):
        rebuild(place, [], table(on(kit.Happened, reject))).run()

    with database.begin(place.app, district=place.district) as tx:
        assert len(kit.effects(tx.connection)) == 5
        assert feed.latest(tx.connection, place.district) == 0

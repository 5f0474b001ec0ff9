"""A database is restored from an older backup. Do readers lose, repeat or mix up events?"""

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from deploy.local import admin
from deploy.local import topics as local_topics
from shared.events import topics
from shared.messaging import kafka, republishing, restored
from shared.messaging.conservation import Published, Settled
from shared.messaging.consumer import Consumer
from shared.messaging.reconciler import Reconciler
from shared.messaging.redrive import Redrive
from shared.messaging.relay import Relay
from shared.service import database
from tests.support import backups, kit
from tests.support.eventually import eventually
from tests.support.platform import Platform


class Service:
    """A service that writes and reads, with its own database and the real broker."""

    def __init__(self, platform: Platform, district: str) -> None:
        self._platform, self.district = platform, district
        self._connection, self._group = platform.connection, f"kit-{uuid4()}"
        self.database = platform.empty(kit.SERVICE)
        owner = database.connect(self.database.owner, application_name="test-owner")
        kit.create(owner, kit.tables())
        owner.dispose()
        self._connect()

    def _connect(self) -> None:
        self._app, self._mechanism = (
            database.connect(url, application_name="test") for url in (self.database.app, self.database.mechanism)
        )

    def write(self, *units: UUID) -> None:
        kit.happen(self._app, self.district, units)

    def relay(self) -> None:
        with closing(kafka.Producer(self._connection)) as producer:
            while Relay(self._mechanism, producer).run_once():
                continue

    def read(self, reached: int) -> None:
        """Starts a consumer, reads until that many events are applied or parked, and stops it."""
        consumer = Consumer("c", self._app, self._subscription(), kit.REACTIONS)
        with closing(consumer._subscription):
            consumer.run_once()
            while self.handled_count() < reached or consumer.run_once(wait_seconds=0.2):
                consumer.run_once(wait_seconds=0.2)

    def in_the_group(self) -> kafka.Subscription:
        subscription = self._subscription()
        subscription.poll(0.1)
        return subscription

    def _subscription(self) -> kafka.Subscription:
        return kafka.Subscription(self._connection, group=self._group, topics=self._pattern())

    def _pattern(self) -> str:
        return topics.pattern(kit.KIND).replace(topics.DISTRICT, self.district)

    def handled_count(self) -> int:
        return sum(map(len, self.effects().values())) + len(self.parked())

    def effects(self) -> dict[str, list[int]]:
        with database.begin(self._app, district=self.district) as tx:
            return kit.effects(tx.connection)

    def rows(self, statement: str) -> list[tuple]:
        with database.begin(self._app, district=self.district) as tx:
            return [tuple(row) for row in tx.connection.execute(text(statement))]

    def parked(self) -> list[tuple]:
        return self.rows("select key, sequence, reason from parked where released_at is null order by key, sequence")

    def accept_the_epoch(self) -> None:
        redrive = Redrive("c", self._app, kit.REACTIONS)
        for key in redrive.keys(self.district):
            redrive.key(key, district=self.district, decision="accept-epoch")

    def restore(self, backup: bytes) -> None:
        self.stop()
        backups.restore(self._platform, self.database, backup)
        self._connect()

    def new_epoch(self) -> tuple[int, list[str]]:
        output: list[str] = []
        rewind = partial(kafka.rewind, self._connection, self._group)
        arguments = ["--reason", "the disk of 03:00"]
        return restored.command(arguments, self._mechanism, rewind=rewind, show_line=output.append), output

    def republish(self) -> list[str]:
        """Its lines about this district: the broker has other tests' events too."""
        output: list[str] = []
        reader = kafka.Reader(self._connection)
        assert republishing.command([], "signing", self._mechanism, reader, show_line=output.append) == 0
        return [line for line in output if not line.startswith("lost: ") or self.district in line]

    def counts(self) -> list[tuple[str, int, int, int]]:
        """Per hop: how many on the left, how many missing, how many too much."""
        hops = (
            Published("signing", self._mechanism, kafka.Reader(self._connection)),
            Settled("c", self._mechanism, kafka.Reader(self._connection), self._pattern()),
        )
        found = [item for item in Reconciler(*hops).run_once() if item.place.district == self.district]
        return [(item.name, item.left, len(item.missing), len(item.extra)) for item in found]

    def stop(self) -> None:
        self._app.dispose()
        self._mechanism.dispose()


@pytest.fixture
def services(platform: Platform) -> Iterator[SimpleNamespace]:
    district = platform.topics()
    made = SimpleNamespace(writer=Service(platform, district), reader=Service(platform, district))
    yield made
    for item in (made.writer, made.reader):
        item.stop()
        platform.drop(item.database)


def test_readers_of_a_restored_writer(services, platform):
    writer, reader = services.writer, services.reader
    quiet, busy, new, underway = (uuid4() for _ in range(4))
    writer.write(quiet, busy)
    writer.relay()
    writer.write(underway)
    backup = backups.taken(platform, writer.database)  # with one event that is still unsent
    writer.relay()
    writer.write(busy, new)
    writer.relay()
    reader.read(5)

    writer.restore(backup)
    done, [line] = writer.new_epoch()
    epoch = writer.rows("select max(epoch) from epochs")[0][0]
    assert (done, line) == (0, f"epoch {epoch}: the disk of 03:00; the group begins at the first record")
    assert epoch > 1
    writer.write(quiet, busy, new, underway)
    writer.relay()
    reader.read(9)

    # Sent again, the unsent one is a repeat. Numbers that go on, go on; numbers that come twice wait for a person.
    continued = {str(quiet): [1, 2], str(busy): [1, 2], str(new): [1], str(underway): [1, 2]}
    assert reader.effects() == continued
    assert reader.parked() == sorted([(str(busy), 2, "epoch"), (str(new), 1, "epoch")])
    assert writer.counts()[0] == ("published", 7, 0, 2)  # the two events that the journal has lost
    assert ("settled", 9, 0, 0) in reader.counts()

    reader.accept_the_epoch()
    writer.write(busy, new)
    writer.relay()
    reader.read(11)
    decided = {str(busy): [1, 2, 2, 3], str(new): [1, 1, 2]}
    assert reader.effects() == {**continued, **decided}
    assert reader.parked() == []
    assert reader.rows("select count(distinct event_id) = count(*) from effects") == [(True,)]
    assert ("settled", 11, 0, 0) in reader.counts()


def test_a_restored_reader_has_everything_once(services, platform):
    writer, reader = services.writer, services.reader
    before, both, after = (uuid4() for _ in range(3))
    writer.write(before, both)
    writer.relay()
    reader.read(2)
    backup = backups.taken(platform, reader.database)
    writer.write(both, after)
    writer.relay()
    reader.read(4)

    reader.restore(backup)
    assert reader.handled_count() == 2
    writer.write(after)
    writer.relay()  # with something to hand over the group is there at once
    with closing(reader.in_the_group()):
        refused, output = reader.new_epoch()
    assert (refused, output[0].partition(": ")[0]) == (1, "nothing was done")
    assert reader.rows("select max(epoch) from epochs") == [(1,)]
    assert reader.new_epoch()[0] == 0
    reader.read(5)

    assert reader.effects() == {str(before): [1], str(both): [1, 2], str(after): [1, 2]}
    assert reader.parked() == []
    assert ("settled", 5, 0, 0) in reader.counts()


def test_a_broker_that_lost_its_topics_gets_them_again_in_order_and_only_once(services, platform):
    writer, reader = services.writer, services.reader
    first, second = uuid4(), uuid4()
    writer.write(first, second)
    writer.write(second, first)
    writer.relay()
    reader.read(4)
    with closing(admin.client(admin.as_admin(platform.place))) as client:
        client.delete_topics([topics.name(writer.district, kit.KIND)])
    eventually(lambda: local_topics.create(admin.as_admin(platform.place), writer.district))

    assert writer.republish() == ["4 events are written to the topics again"]
    writer.relay()
    assert writer.republish() == ["0 events are written to the topics again"]
    writer.write(first)
    writer.relay()
    assert reader.new_epoch()[0] == 0  # its group begins at the first record
    reader.read(5)

    assert reader.effects() == {str(first): [1, 2, 3], str(second): [1, 2]}
    assert reader.parked() == []
    assert ("published", 5, 0, 0) in writer.counts()


def test_events_that_a_restored_journal_has_lost_are_named_by_the_topics(services, platform):
    writer = services.writer
    backup = backups.taken(platform, writer.database)
    lost = uuid4()
    writer.write(lost)
    writer.relay()
    writer.restore(backup)

    again, named = writer.republish()
    assert again == "0 events are written to the topics again"
    assert named.startswith("lost: ") and f" {lost} 1/1" in named

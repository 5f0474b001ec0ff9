"""A consumer on real SQL and the broker in memory, for one test. `send` replaces the relay; helpers read the effects."""

from collections.abc import Sequence
from types import SimpleNamespace
from uuid import uuid4

from sqlalchemy import text

from shared.events import topics
from shared.messaging import memory
from shared.messaging.consumer import Consumer
from shared.messaging.ports import Message
from shared.messaging.redrive import Redrive
from shared.service import database
from tests.support import kit

LATEST = "registry-key"


def made(engines: SimpleNamespace, district: str) -> SimpleNamespace:
    """A district with a broker; `send` replaces the relay."""
    broker = memory.Broker()
    for kind in (kit.KIND, LATEST):
        broker.create(topics.name(district, kind))
    topic = topics.name(district, kit.KIND)
    producer = memory.Producer(broker)

    def consumer(reactions=kit.REACTIONS, *, name: str = f"c{district}", kinds=(kit.KIND,), **rest) -> Consumer:
        subscription = memory.Subscription(broker, group=uuid4().hex, topics=topics.pattern(*kinds))
        return Consumer(name, engines.app, subscription, reactions, **rest)

    def send(key: str, *sequences: int, topic: str = topic, **fields) -> list[Message]:
        sent = [kit.message(key, sequence, topic=topic, **fields) for sequence in sequences]
        producer.publish(sent)
        return sent

    def rows_of(statement: str) -> Sequence[tuple]:
        with database.begin(engines.app, district=district) as tx:
            return [tuple(row) for row in tx.connection.execute(text(statement))]

    redrive = Redrive(f"c{district}", engines.app, kit.REACTIONS)
    return SimpleNamespace(**locals())


def effects(bench: SimpleNamespace) -> dict[str, list[int]]:
    with database.begin(bench.engines.app, district=bench.district) as tx:
        return kit.effects(tx.connection)


def parked(bench: SimpleNamespace) -> list[tuple]:
    return bench.rows_of("select sequence, reason from parked where released_at is null order by key, epoch, sequence")


def a_key() -> str:
    return str(uuid4())

"""Does the count find what is missing, and only that? Does retention leave what must stay?"""

from datetime import datetime
from types import SimpleNamespace
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from shared.events import topics
from shared.messaging import feed, kafka, memory, reconciler, retention
from shared.messaging.consumer import Consumer
from shared.messaging.redrive import Redrive, command
from shared.messaging.relay import Relay
from shared.messaging.retention import Retention
from shared.service import database
from tests.support import kit


@pytest.fixture
def flow(engines: SimpleNamespace, district: str) -> SimpleNamespace:
    broker = memory.Broker()
    broker.create(topics.name(district, kit.KIND))
    relay = Relay(engines.mechanism, memory.Producer(broker))
    name = f"c{district}"
    subscription = memory.Subscription(broker, group="g", topics=".*")
    consumer = Consumer(name, engines.app, subscription, kit.REACTIONS)
    reader = memory.Reader(broker)
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()

    def published():
        return reconciler.published(engines.mechanism, reader, district=district, day=today)

    def settled():
        return reconciler.settled(
            engines.mechanism, reader, consumer=name, kinds=[kit.KIND], district=district, day=today
        )

    return SimpleNamespace(**locals())


def test_the_journal_is_on_its_topic_or_unsent(flow):
    units = [uuid4() for _ in range(10)]
    kit.happen(flow.engines.app, flow.district, units)
    before = flow.published()
    while flow.relay.run_once():
        continue
    after = flow.published()
    log = next(log for log in flow.broker.logs.values() if log)
    lost = memory.records.read(log.pop()).event_id

    assert (before.left, before.right, before.missing) == (10, {"on topic": 0, "unsent": 10}, [])
    assert (after.left, after.right, after.missing) == (10, {"on topic": 10, "unsent": 0}, [])
    assert flow.published().missing == [lost]
    assert "MISSING 1" in str(flow.published())


def test_what_is_on_the_topic_is_applied_parked_or_quarantined(flow):
    units = [uuid4() for _ in range(10)]
    kit.happen(flow.engines.app, flow.district, units)
    kit.happen(flow.engines.app, flow.district, units[:2], poison=True)
    kit.happen(flow.engines.app, flow.district, units[:1])
    while flow.relay.run_once():
        continue
    assert len(flow.settled().missing) == 13
    flow.consumer.run_once()
    bad = kit.message(str(uuid4()), 1, topic=topics.name(flow.district, kit.KIND))
    memory.Producer(flow.broker).publish([bad._replace(type=bad.type.replace(".v1", ".v9"))])
    flow.consumer.run_once()
    found = flow.settled()
    assert (found.left, found.right, found.missing) == (14, {"applied": 10, "parked": 3, "quarantined": 1}, [])

    with flow.engines.owner.begin() as connection:
        connection.execute(text("select set_config('clearwater.district', :d, true)"), {"d": flow.district})
        connection.execute(text("select set_config('clearwater.granted', :d, true)"), {"d": flow.district})
        connection.execute(text("update inbox set last_sequence = 0 where key = :k"), {"k": str(units[9])})
    assert len(flow.settled().missing) == 1


def test_only_what_is_missing_twice_is_an_alarm(flow):
    kit.happen(flow.engines.app, flow.district, [uuid4()])
    while flow.relay.run_once():
        continue
    judge = reconciler.Reconciler(lambda: [flow.district], [lambda _, __: flow.settled()])
    (equation,) = judge.run_once()
    assert len(equation.missing) == 1
    flow.consumer.run_once()
    (equation,) = judge.run_once()
    assert equation.missing == []


def test_the_same_against_the_real_broker(platform, engines):
    district, connection = platform.topics(), {"bootstrap_servers": platform.bootstrap}
    kit.happen(engines.app, district, [uuid4() for _ in range(50)])
    relay = Relay(engines.mechanism, kafka.Producer(connection))
    while relay.run_once():
        continue
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    found = reconciler.published(engines.mechanism, kafka.Reader(connection), district=district, day=today)

    assert (found.left, found.right, found.missing) == (50, {"on topic": 50, "unsent": 0}, [])


def test_retention_trims_bodies_and_keeps_what_proves(flow):
    units = [uuid4() for _ in range(3)]
    kit.happen(flow.engines.app, flow.district, units, poison=True)
    while flow.relay.run_once():
        continue
    flow.consumer.run_once()
    with database.begin(flow.engines.app, district=flow.district) as tx:
        feed.append(tx, [feed.Entry("x", {}) for _ in range(5)])
        tx.connection.execute(
            text("update parked set released_at = now() - interval '91 days' where key <> :k"), {"k": str(units[0])}
        )
    with flow.engines.owner.begin() as connection:
        connection.execute(text("select set_config('clearwater.district', :d, true)"), {"d": flow.district})
        connection.execute(text("select set_config('clearwater.granted', :d, true)"), {"d": flow.district})
        connection.execute(text("update feed set appended_at = now() - interval '31 days' where number < 4"))
    trims = Retention(flow.engines.mechanism, [*retention.CONSUMER, retention.FEED], batch=2)
    while trims.run_once():
        continue

    with database.begin(flow.engines.app, district=flow.district) as tx:
        bodies = tx.connection.execute(text("select payload is not null, reason from parked order by 1")).all()
        assert [tuple(each) for each in bodies] == [(False, "poison"), (False, "poison"), (True, "poison")]
        assert [each.number for each in feed.after(tx.connection, flow.district, 0, 9)] == [4, 5]
        assert not feed.complete_after(tx.connection, flow.district, 2)
        assert feed.complete_after(tx.connection, flow.district, 3)
        assert feed.append(tx, [feed.Entry("x", {})]) == 6


def test_the_command_shows_what_would_change_then_does_it(flow):
    unit = uuid4()
    kit.happen(flow.engines.app, flow.district, [unit], poison=True)
    while flow.relay.run_once():
        continue
    flow.consumer.run_once()
    consumers = {
        "broken": Redrive(flow.name, flow.engines.app, kit.REACTIONS),
        "mended": Redrive(flow.name, flow.engines.app, {}),
    }
    told: list[str] = []
    asked = ["--district", flow.district, "--requeue", "--key", str(unit)]

    assert command(["--consumer", "broken", *asked], consumers, tell=told.append) == 1
    assert command(["--consumer", "mended", "--dry-run", *asked], consumers, tell=told.append) == 0
    assert command(["--consumer", "mended", *asked], consumers, tell=told.append) == 0
    assert "poison" in told[0] and any("parked" in line and "~1" in line for line in told)
    assert consumers["mended"].keys(flow.district) == []

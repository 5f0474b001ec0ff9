"""Does the reconciler find missing and extra events, and nothing else? Does retention keep what it must?"""

from datetime import date
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from services.reporting.store import feed
from shared.events import topics
from shared.events.registry import KeyDeleted
from shared.messaging import kafka, memory, reconciler, retention
from shared.messaging.conservation import Equation, Published, Settled
from shared.messaging.consumer import Consumer
from shared.messaging.ports import Unavailable
from shared.messaging.reconciler import Reconciler
from shared.messaging.redrive import Redrive
from shared.messaging.redriving import command
from shared.messaging.relay import Relay
from shared.messaging.retention import Retention
from shared.service import database
from shared.telemetry import metrics
from tests.support import kit

# The tests share one database: every later count also reports a breach that an earlier test made.
pytestmark = pytest.mark.logs_error("an equation is broken")


@pytest.fixture
def flow(engines: SimpleNamespace, district: str) -> SimpleNamespace:
    broker = memory.Broker()
    broker.create(topics.name(district, kit.KIND))
    relay = Relay(engines.mechanism, memory.Producer(broker))
    name = f"c{district}"
    subscription = memory.Subscription(broker, group="g", topics=".*")
    consumer = Consumer(name, engines.app, subscription, kit.REACTIONS)
    published = Reconciler(Published("signing", engines.mechanism, memory.Reader(broker)))
    settled = Reconciler(Settled(name, engines.mechanism, memory.Reader(broker), ".*"))
    return SimpleNamespace(**locals())


def counted(flow: SimpleNamespace, hop: Reconciler) -> Equation:
    """Counts once more and returns the equation of this test's district. The database is shared."""
    (found,) = [item for item in hop.run_once() if item.place.district == flow.district]
    return found


def written(flow: SimpleNamespace, count: int) -> list[UUID]:
    """Writes `count` events and relays them to their topic."""
    units = [uuid4() for _ in range(count)]
    kit.happen(flow.engines.app, flow.district, units)
    relayed(flow)
    return units


def relayed(flow: SimpleNamespace) -> None:
    while flow.relay.run_once():
        continue


def alarms(flow: SimpleNamespace, equation: str) -> float:
    return metrics.UNRECONCILED.labels(equation, flow.district)._value.get()


def test_the_journal_is_on_its_topic_or_unsent(flow):
    kit.happen(flow.engines.app, flow.district, [uuid4() for _ in range(10)])
    before = counted(flow, flow.published)
    relayed(flow)
    after = counted(flow, flow.published)

    assert (before.left, before.right, before.missing) == (10, {"on topic": 0, "unsent": 10}, [])
    assert (after.left, after.right, after.missing) == (10, {"on topic": 10, "unsent": 0}, [])
    assert str(after).endswith("10 = 10 on topic + 0 unsent: holds")


@pytest.mark.logs_error("an equation is broken")
def test_each_count_adds_the_events_since_the_last_one(flow):
    for number in range(1, 4):
        written(flow, 5)
        flow.consumer.run_once()
        assert counted(flow, flow.published).right == {"on topic": 5 * number, "unsent": 0}
        assert counted(flow, flow.settled).right == {"applied": 5 * number, "parked": 0, "quarantined": 0}


@pytest.mark.logs_error("an equation is broken")
def test_an_event_that_a_relay_sends_again_is_counted_once(flow):
    written(flow, 3)
    assert counted(flow, flow.published).left == 3
    for log in flow.broker.logs.values():
        log.extend(item._replace(offset=item.offset + len(log)) for item in list(log))
    flow.consumer.run_once()

    assert counted(flow, flow.published).right == {"on topic": 3, "unsent": 0}
    assert counted(flow, flow.settled).right == {"applied": 3, "parked": 0, "quarantined": 0}


@pytest.mark.logs_error("an equation is broken")
def test_a_transaction_that_commits_late_is_counted_once(flow):
    """The late transaction draws its ids and times before the other transactions commit."""
    with database.begin(flow.engines.app, district=flow.district) as slow:
        slow.record(kit.Happened(unit_id=uuid4()))
        slow.flush()
        written(flow, 1)
        for _ in range(2):
            flow.published.run_once()
    relayed(flow)
    found = counted(flow, flow.published)

    assert (found.left, found.right) == (2, {"on topic": 2, "unsent": 0})
    assert (found.missing, found.extra) == ([], [])


def test_a_lost_event_is_named(flow):
    written(flow, 10)
    lost = memory.records.read(next(log for log in flow.broker.logs.values() if log).pop()).event_id

    first = counted(flow, flow.published)
    assert (first.missing, alarms(flow, "published")) == ([str(lost)], 0)  # perhaps on its way
    with capture_logs() as logs:
        assert counted(flow, flow.published).right == {"on topic": 9, "unsent": 0}

    (line,) = [line for line in logs if line.get("district") == flow.district]
    assert (line["log_level"], line["equation"], line["ids"]) == ("error", "published", [str(lost)])
    assert alarms(flow, "published") == 1
    assert str(first).endswith("10 = 9 on topic + 0 unsent: 1 MISSING")


@pytest.mark.logs_error("an equation is broken")
def test_an_event_that_nobody_wrote_is_named(flow):
    written(flow, 2)
    planted = kit.message(str(uuid4()), 1, topic=topics.name(flow.district, kit.KIND))
    memory.Producer(flow.broker).publish([planted])
    for _ in range(2):
        found = counted(flow, flow.published)

    assert (found.left, found.right, found.extra) == (2, {"on topic": 3, "unsent": 0}, [str(planted.event_id)])
    assert flow.published.breaches["published", flow.district] == [str(planted.event_id)]


def test_every_event_on_the_topic_is_applied_parked_or_quarantined(flow):
    units = written(flow, 10)
    kit.happen(flow.engines.app, flow.district, units[:2], poison=True)
    kit.happen(flow.engines.app, flow.district, units[:1])
    relayed(flow)
    assert len(counted(flow, flow.settled).missing) == 13
    flow.consumer.run_once()
    bad = kit.message(str(uuid4()), 1, topic=topics.name(flow.district, kit.KIND))
    memory.Producer(flow.broker).publish([bad._replace(type=bad.type.replace(".v1", ".v9"))])
    flow.consumer.run_once()
    found = counted(flow, flow.settled)
    assert (found.left, found.right, found.missing) == (14, {"applied": 10, "parked": 3, "quarantined": 1}, [])

    mended = Redrive(flow.name, flow.engines.app, {})
    for key in mended.keys(flow.district):
        mended.key(key, district=flow.district)
    assert counted(flow, flow.settled).right == {"applied": 13, "parked": 0, "quarantined": 1}


@pytest.mark.logs_error("an equation is broken")
def test_an_event_that_was_passed_over_is_named(flow):
    units = written(flow, 3)
    flow.consumer.run_once()
    with flow.engines.owner.begin() as connection:
        connection.execute(text("select set_config('clearwater.district', :d, true)"), {"d": flow.district})
        connection.execute(text("select set_config('clearwater.granted', :d, true)"), {"d": flow.district})
        connection.execute(text("update inbox set last_sequence = 0 where key = :k"), {"k": str(units[2])})
    for _ in range(2):
        found = counted(flow, flow.settled)

    assert (len(found.missing), alarms(flow, "settled")) == (1, 1)


def test_only_what_is_missing_twice_is_an_alarm(flow):
    written(flow, 1)
    assert len(counted(flow, flow.settled).missing) == 1
    flow.consumer.run_once()

    assert counted(flow, flow.settled).missing == []
    assert flow.settled.breaches == {}


def test_an_outage_does_not_count_as_a_breach_and_loses_no_count(flow):
    written(flow, 2)
    flow.broker.away = True
    with pytest.raises(Unavailable):
        flow.published.run_once()
    flow.broker.away = False

    assert counted(flow, flow.published).right == {"on topic": 2, "unsent": 0}


def test_a_compacted_topic_keeps_the_last_of_a_key_only(flow, engines):
    topic, key = topics.name(flow.district, "registry-key"), uuid4()
    counting = Reconciler(Published("registry", engines.mechanism, memory.Reader(flow.broker)))
    flow.broker.create(topic)
    with database.begin(engines.app, district=flow.district) as tx:
        tx.record(*(KeyDeleted(person_id=key) for _ in range(3)))
    relayed(flow)
    log = next(log for (name, _), log in flow.broker.logs.items() if name == topic and log)
    del log[:2]

    assert counted(flow, counting).right == {"on topic": 3, "unsent": 0}


@pytest.mark.logs_error("an equation is broken")
def test_the_equation_holds_against_the_real_broker(platform, engines):
    district, connection = platform.topics(), platform.connection
    counting = Reconciler(Published("signing", engines.mechanism, kafka.Reader(connection)))
    relay = Relay(engines.mechanism, kafka.Producer(connection))
    for number in (1, 2):
        kit.happen(engines.app, district, [uuid4() for _ in range(50)])
        while relay.run_once():
            continue
        (found,) = [item for item in counting.run_once() if item.place.district == district]
        assert (found.left, found.right) == (50 * number, {"on topic": 50 * number, "unsent": 0})
        assert (found.missing, found.extra) == ([], [])


@pytest.mark.logs_error("an equation is broken")
def test_the_command_counts_once_and_prints_each_breach(flow):
    written(flow, 3)
    output: list[str] = []

    def hops(since: date | None) -> Reconciler:
        hop = Settled(flow.name, flow.engines.mechanism, memory.Reader(flow.broker), ".*")
        return Reconciler(hop, since=since)

    assert reconciler.command(["--since", "2020-01-01"], hops, show_line=output.append) == 1
    assert "3 MISSING" in output[0] and output[1].startswith(f"settled in {flow.district} is broken by: ")

    flow.consumer.run_once()
    output.clear()
    assert reconciler.command([], hops, show_line=output.append) == 0
    assert [line.rpartition(": ")[2] for line in output] == ["holds"]


def test_retention_deletes_old_payloads_and_feed_rows_and_keeps_parked_rows(flow):
    units = [uuid4() for _ in range(3)]
    kit.happen(flow.engines.app, flow.district, units, poison=True)
    relayed(flow)
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
    trims = Retention(flow.engines.mechanism, [*retention.CONSUMER, feed.TRIMMED], batch=2)
    while trims.run_once():
        continue

    with database.begin(flow.engines.app, district=flow.district) as tx:
        bodies = tx.connection.execute(text("select payload is not null, reason from parked order by 1")).all()
        assert [tuple(body) for body in bodies] == [(False, "poison"), (False, "poison"), (True, "poison")]
        assert [item.number for item in feed.after(tx.connection, flow.district, 0, 9)] == [4, 5]
        assert not feed.complete_after(tx.connection, flow.district, 2)
        assert feed.complete_after(tx.connection, flow.district, 3)
        assert feed.append(tx, [feed.Entry("x", {})]) == 6


def test_a_dry_run_shows_what_the_command_then_changes(flow):
    unit = uuid4()
    kit.happen(flow.engines.app, flow.district, [unit], poison=True)
    relayed(flow)
    flow.consumer.run_once()
    consumers = {
        "broken": Redrive(flow.name, flow.engines.app, kit.REACTIONS),
        "mended": Redrive(flow.name, flow.engines.app, {}),
    }
    output: list[str] = []
    arguments = ["--district", flow.district, "--requeue", "--key", str(unit)]

    assert command(["--consumer", "broken", *arguments], consumers, show_line=output.append) == 1
    assert command(["--consumer", "mended", "--dry-run", *arguments], consumers, show_line=output.append) == 0
    assert command(["--consumer", "mended", *arguments], consumers, show_line=output.append) == 0
    assert "poison" in output[0] and any("parked" in line and "~1" in line for line in output)
    assert consumers["mended"].keys(flow.district) == []

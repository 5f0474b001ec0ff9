"""Real SQL, the broker in memory: what the relay sends, holds, and leaves to another one."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.events import topics
from shared.messaging import memory
from shared.messaging import relay as relay_module
from shared.messaging.ports import Unavailable
from shared.messaging.relay import Relay
from shared.service import database, journal
from tests.support import kit
from tests.support.eventually import eventually


@pytest.fixture
def broker(district: str) -> memory.Broker:
    made = memory.Broker()
    made.create(topics.name(district, kit.KIND))
    return made


def drained(relay: Relay) -> int:
    sent = 0
    while some := relay.run_once():
        sent += some
    return sent


def on_topic(broker: memory.Broker, district: str) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for message in memory.Reader(broker).read(topics.name(district, kit.KIND), since=None):
        found.setdefault(message.key, []).append(message.sequence)
    return found


def unsent(engines: SimpleNamespace, district: str) -> int:
    with engines.mechanism.connect() as connection:
        return connection.execute(text("select count(*) from unsent where district = :d"), {"d": district}).scalar_one()


def due(engines: SimpleNamespace, within: str) -> None:
    with engines.mechanism.begin() as connection:
        connection.execute(text("update held set retry_at = now() + cast(:within as interval)"), {"within": within})


def test_the_database_sees_an_event_that_is_committed_while_it_looks_for_one(engines, broker, district, monkeypatch):
    forget_unsent(engines)
    relay = Relay(engines.mechanism, memory.Producer(broker))
    assert relay.waiting() is False
    once, endless = "1..25", "1..1000000"
    assert once in relay_module._AWAIT
    monkeypatch.setattr(relay_module, "_AWAIT", relay_module._AWAIT.replace(once, endless))
    with ThreadPoolExecutor(1) as looking:
        found = looking.submit(relay.waiting)
        eventually(lambda: looks(engines) == 1)

        kit.happen(engines.app, district, [uuid4()])

        assert found.result() is True
    relay._probe.close()
    assert drained(relay) == 1


def test_measuring_reads_few_rows_however_many_keys_there_are(engines, broker, district):
    kit.happen(engines.app, district, [uuid4() for _ in range(3_000)])
    read = text("""
        select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::int from pg_stat_xact_user_tables where relname = 'event_keys'
    """)

    with engines.mechanism.begin() as connection:
        rows = connection.execute(relay_module._MEASURE).all()
        looked_at = connection.execute(read).scalar_one()
    forget_unsent(engines)

    assert {row.district: row.unsent for row in rows}[district] == 3_000
    assert looked_at < 100


def forget_unsent(engines: SimpleNamespace) -> None:
    """Those of other tests, whose topics no relay of this test knows; or so many that others would wait for them."""
    with engines.mechanism.begin() as connection:
        connection.execute(text("delete from unsent"))


def looks(engines: SimpleNamespace) -> int:
    """Sessions in which the database looks for an event now."""
    with engines.mechanism.connect() as connection:
        statement = "select count(*) from pg_stat_activity where state = 'active' and query like 'do %unsent%' and pid <> pg_backend_pid()"
        return connection.execute(text(statement)).scalar_one()


def test_everything_once_in_the_order_of_its_key(engines, broker, district):
    """Writers use the same keys in different orders, each key twice: no deadlock."""
    units = [uuid4() for _ in range(30)]
    orders = [random.sample(units, k=30) * 2 for _ in range(20)]
    with ThreadPoolExecutor(6) as writers:
        list(writers.map(lambda item: kit.happen(engines.app, district, item), orders))
    drained(Relay(engines.mechanism, memory.Producer(broker), batch=70))

    assert on_topic(broker, district) == {str(unit): list(range(1, 41)) for unit in units}
    assert unsent(engines, district) == 0


def test_two_relays_send_nothing_twice(engines, broker, district):
    units = [uuid4() for _ in range(200)]
    kit.happen(engines.app, district, units)
    kit.happen(engines.app, district, units)
    relays = [Relay(engines.mechanism, memory.Producer(broker), batch=10) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        while unsent(engines, district):
            list(pool.map(Relay.run_once, relays))

    assert on_topic(broker, district) == {str(unit): [1, 2] for unit in units}


def test_an_outage_loses_nothing(engines, broker, district):
    unit = uuid4()
    kit.happen(engines.app, district, [unit])
    relay = Relay(engines.mechanism, memory.Producer(broker))
    broker.away = True
    with pytest.raises(Unavailable):
        drained(relay)
    assert unsent(engines, district) == 1

    broker.away = False
    drained(relay)
    assert on_topic(broker, district) == {str(unit): [1]}


def test_a_refused_event_holds_its_key_and_heals(engines, broker, district):
    held, free = uuid4(), uuid4()
    broker.max_bytes = 5_000
    relay = Relay(engines.mechanism, memory.Producer(broker))
    kit.happen(engines.app, district, [held, free])
    kit.happen(engines.app, district, [held], filling="x" * 10_000)
    kit.happen(engines.app, district, [held, free])
    drained(relay)
    kit.happen(engines.app, district, [held, free])
    drained(relay)

    assert on_topic(broker, district) == {str(held): [1], str(free): [1, 2, 3]}
    with engines.mechanism.connect() as connection:
        reason = connection.execute(text("select reason from held where key = :k"), {"k": str(held)}).scalar_one()
    assert reason == "too-large"

    broker.max_bytes = 50_000
    due(engines, "1 hour")
    drained(relay)
    assert on_topic(broker, district)[str(held)] == [1]

    due(engines, "0")
    drained(relay)
    assert on_topic(broker, district)[str(held)] == [1, 2, 3, 4]
    with engines.mechanism.connect() as connection:
        assert (
            connection.execute(text("select count(*) from held where district = :d"), {"d": district}).scalar_one() == 0
        )


def test_a_district_without_topics_waits_for_them(engines, broker, district):
    other, unit = str(int(district) + 400_000), uuid4()
    kit.happen(engines.app, other, [unit])
    relay = Relay(engines.mechanism, memory.Producer(broker))
    drained(relay)
    assert unsent(engines, other) == 1

    broker.create(topics.name(other, kit.KIND))
    due(engines, "0")
    drained(relay)
    assert on_topic(broker, other) == {str(unit): [1]}


def test_the_journal_is_append_only_for_everyone(engines, district):
    kit.happen(engines.app, district, [uuid4()])
    for engine in (engines.app, engines.mechanism, engines.owner):
        for statement in ("update events set key = 'x'", "delete from events", "truncate events cascade"):
            with pytest.raises(DBAPIError) as refused, database.begin(engine, district=district) as tx:
                tx.connection.execute(text(statement))
            assert database.sqlstate(refused.value) == "42501"


def test_an_event_that_is_too_large_fails_its_command(engines, district):
    with pytest.raises(journal.TooLarge):
        kit.happen(engines.app, district, [uuid4()], filling="x" * 300_000)


def test_a_new_epoch_marks_what_is_written_from_then_on(engines, district):
    unit = uuid4()
    kit.happen(engines.app, district, [unit])
    with engines.mechanism.begin() as connection:
        before = connection.execute(text("select max(epoch) from epochs")).scalar_one()
        epoch = journal.new_epoch(connection, reason="restored from the backup of 03:00")
    kit.happen(engines.app, district, [unit])

    with engines.mechanism.connect() as connection:
        headers = connection.execute(
            text("select headers from events where key = :k order by sequence"), {"k": str(unit)}
        )
        assert [int(header["epoch"]) for header in headers.scalars()] == [before, epoch]


def test_an_epoch_does_not_come_again_after_a_second_restore(engines):
    """The database does not know the epoch that it gave after the backup."""
    began_at = int(time.time() / 60)
    with engines.mechanism.connect() as connection:
        first = journal.new_epoch(connection, reason="restored from the backup of 03:00")
        again = journal.new_epoch(connection, reason="restored within the same minute")
        connection.rollback()
        later = journal.new_epoch(connection, reason="restored from the backup of 03:00 once more")
        connection.rollback()

    assert first >= began_at
    assert again > first
    assert later >= first


def test_a_transaction_that_rolls_back_leaves_no_hole(engines, district):
    unit = uuid4()
    kit.happen(engines.app, district, [unit])
    with pytest.raises(ZeroDivisionError):
        say_and_fail(engines, district, unit)
    kit.happen(engines.app, district, [unit])

    with engines.mechanism.connect() as connection:
        found = connection.execute(text("select sequence from events where key = :k order by id"), {"k": str(unit)})
        assert list(found.scalars()) == [1, 2]


def say_and_fail(engines: SimpleNamespace, district: str, unit: UUID) -> None:
    with database.begin(engines.app, district=district) as tx:
        tx.record(kit.Happened(unit_id=unit))
        raise ZeroDivisionError

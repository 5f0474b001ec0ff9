"""Do the facts of the strip say how many wait, in which district, and for how long? On real SQL, the broker in memory."""

from uuid import uuid4

import pytest
from sqlalchemy import text

from shared.messaging import freshness, memory
from shared.messaging.freshness import Age
from shared.messaging.relay import Relay
from shared.service import database
from tests.support import kit
from tests.support.consuming import a_key


def read(bench, of, *more) -> Age | None:
    """The row of the test's own district, as the app role sees it with that grant alone."""
    with database.reading(bench.engines.app, granted=[bench.district]) as tx:
        found = {age.district: age for age in of(tx.connection, *more)}
    assert found.keys() <= {bench.district}, "another district is seen"
    return found.get(bench.district)


def measure(consumer) -> None:
    consumer._measured_at = 0.0
    consumer.run_once(wait_seconds=0)


def test_an_unsent_event_counts_with_its_age_until_it_is_sent(bench):
    kit.happen(bench.engines.app, bench.district, [uuid4(), uuid4()])
    waiting = read(bench, freshness.unsent_ages)

    relay = Relay(bench.engines.mechanism, memory.Producer(bench.broker))
    while relay.run_once():
        pass
    sent = read(bench, freshness.unsent_ages)

    assert (waiting.number, waiting.seconds > 0) == (2, True)
    assert (sent.number, sent.seconds) == (0, 0)


def test_a_key_that_the_broker_refuses_counts_and_gives_no_age(bench):
    """It is a ticket of its own (KeyHeldByRelay); an age would be the page OutboxStuck."""
    refused, later = uuid4(), uuid4()
    bench.broker.max_bytes = 5_000
    kit.happen(bench.engines.app, bench.district, [refused])
    kit.happen(bench.engines.app, bench.district, [refused], filling="x" * 10_000)
    kit.happen(bench.engines.app, bench.district, [refused])
    relay = Relay(bench.engines.mechanism, memory.Producer(bench.broker))
    while relay.run_once():
        pass
    held = read(bench, freshness.unsent_ages)
    kit.happen(bench.engines.app, bench.district, [later])
    behind = read(bench, freshness.unsent_ages)
    with bench.engines.mechanism.begin() as connection:
        connection.execute(text("delete from unsent where district = :district"), {"district": bench.district})
        connection.execute(text("delete from held where district = :district"), {"district": bench.district})

    assert (held.number, held.seconds) == (2, 0)
    assert (behind.number, behind.seconds > 0) == (3, True)


def test_the_age_of_unsent_events_reads_only_the_journal_of_refused_keys(bench):
    kit.happen(bench.engines.app, bench.district, [uuid4() for _ in range(3_000)])
    refused = uuid4()
    kit.happen(bench.engines.app, bench.district, [refused])
    rows = text(
        "select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::int from pg_stat_xact_user_tables where relname = 'events'"
    )

    with bench.engines.mechanism.begin() as connection:
        connection.execute(text("delete from held"))  # what other tests have left; rolled back
        connection.execute(
            text(
                "insert into held (topic, key, reason, district, retry_at) values (:topic, :key, 'too-large', :district, now())"
            ),
            {"topic": bench.topic, "key": str(refused), "district": bench.district},
        )
        # The server counts for the connection: also what the transaction before has read and not reported yet.
        before = connection.execute(rows).scalar_one()
        ages = {age.district: age.number for age in freshness.unsent_ages(connection)}
        looked_at = connection.execute(rows).scalar_one() - before
        connection.rollback()
    with bench.engines.mechanism.begin() as connection:
        connection.execute(text("delete from unsent where district = :district"), {"district": bench.district})

    assert ages[bench.district] == 3_001
    assert looked_at < 100


def test_a_consumer_that_reads_everything_is_of_this_moment_and_one_that_stops_grows_old(bench):
    consumer = bench.consumer()
    measure(consumer)
    fresh = read(bench, freshness.consumer_ages, consumer._name)
    bench.rows_of("update lags set caught_up_at = caught_up_at - interval '1 hour' returning 1")
    stopped = read(bench, freshness.consumer_ages, consumer._name)
    measure(consumer)
    again = read(bench, freshness.consumer_ages, consumer._name)

    assert (fresh.number, fresh.seconds < 60) == (0, True)
    assert stopped.seconds > 3_500
    assert again.seconds < 60


def test_a_backlog_keeps_the_moment_at_which_everything_was_read(bench):
    consumer = bench.consumer()
    measure(consumer)
    with database.begin(bench.engines.app, district=bench.district) as tx:
        tx.connection.execute(text("update lags set caught_up_at = caught_up_at - interval '1 hour'"))
    freshness.note_lags(bench.engines.app, consumer._name, {bench.district: 7})

    behind = read(bench, freshness.consumer_ages, consumer._name)

    assert (behind.number, behind.seconds > 3_500) == (7, True)


def test_the_notes_of_all_districts_are_one_transaction_and_keep_to_their_district(bench):
    consumer, unread = "of-many", {"440303": 0, "440305": 2, "440306": 5}

    freshness.note_lags(bench.engines.app, consumer, unread)

    with database.reading(bench.engines.app, granted=[database.EVERY]) as tx:
        rows = tx.connection.execute(
            text("select district, events, xmin::text from lags where consumer = 'of-many'")
        ).all()
    assert {district: events for district, events, _ in rows} == unread
    assert len({transaction for *_, transaction in rows}) == 1
    with database.reading(bench.engines.app, granted=["440305"]) as tx:
        [seen] = freshness.consumer_ages(tx.connection, consumer)
    assert (seen.district, seen.number) == ("440305", 2)


def test_parked_keys_are_counted_once_each_and_the_oldest_gives_the_age(bench):
    consumer = bench.consumer()
    measure(consumer)
    nothing = read(bench, freshness.parked_ages)
    bench.send(key := a_key(), 1, poison=True)
    bench.send(key, 2, 3)
    bench.send(a_key(), 1, poison=True)
    measure(consumer)
    bench.rows_of("update parked set parked_at = parked_at - interval '1 hour' where sequence = 3 returning 1")

    waiting = read(bench, freshness.parked_ages)

    assert (nothing.number, nothing.seconds) == (0, 0)
    assert (waiting.number, waiting.seconds > 3_500) == (2, True)


@pytest.mark.parametrize("of", [freshness.unsent_ages, freshness.parked_ages])
def test_the_mechanism_sees_every_district(bench, of):
    kit.happen(bench.engines.app, bench.district, [uuid4()])
    measure(bench.consumer())

    with bench.engines.mechanism.connect() as connection:
        assert bench.district in {age.district for age in of(connection)}

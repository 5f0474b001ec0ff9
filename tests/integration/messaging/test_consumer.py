"""Real SQL, broker in memory: does every message have its effect once and in order, and does only what must wait?"""

import threading
from collections.abc import Sequence
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.reporting.store import feed
from shared.events import codec, topics
from shared.events.registry import KeyDeleted, KeyWrapped
from shared.messaging import memory, quarantine
from shared.messaging.consumer import Consumer, Rejected, TooManyRejected
from shared.messaging.ports import Message
from shared.messaging.reactions import Batch, Received, on, table
from shared.messaging.redrive import Redrive
from shared.messaging.relay import Relay
from shared.service import database, row_security
from shared.service.database import Transaction
from tests.support import kit
from tests.support.consuming import LATEST, a_key, effects, parked


def test_the_tables_pass_the_self_test(engines):
    row_security.self_test(engines.app, engines.mechanism)


def test_a_repeat_has_no_second_effect(bench):
    key, consumer = a_key(), bench.consumer()
    sent = bench.send(key, 1, 2, 3)
    bench.producer.publish(sent)
    consumer.run_once()
    bench.consumer().run_once()

    assert effects(bench) == {key: [1, 2, 3]}


def test_a_gap_waits_and_heals(bench):
    key, other, consumer = a_key(), a_key(), bench.consumer()
    bench.send(key, 1, 3, 4)
    bench.send(other, 1)
    consumer.run_once()
    assert (effects(bench), parked(bench)) == ({key: [1], other: [1]}, [(3, "gap"), (4, "behind")])

    bench.send(key, 2)
    consumer.run_once()
    assert bench.redrive.heal(bench.district) == 1

    assert (effects(bench)[key], parked(bench)) == ([1, 2, 3, 4], [])


def test_a_poison_event_parks_its_key_and_no_other(bench):
    keys, consumer = [a_key() for _ in range(50)], bench.consumer()
    for key in keys:
        bench.send(key, 1)
    bench.send(keys[7], 2, poison=True)
    for key in keys:
        bench.send(key, 3 if key == keys[7] else 2)
    consumer.run_once()

    assert parked(bench) == [(2, "poison"), (3, "behind")]
    assert bench.redrive.heal(bench.district) == 0  # it waits for a person
    assert {key: len(found) for key, found in effects(bench).items()} == {
        key: 1 if key == keys[7] else 2 for key in keys
    }


def test_an_event_the_database_refuses_is_parked_without_its_values_in_the_reason(bench):
    def break_it(tx: Transaction, batch: Batch[kit.Happened]) -> None:
        kit.add_up(tx, batch)
        tx.connection.execute(text("insert into totals select 'secret', null, :d"), {"d": tx.district})

    bench.send(a_key(), 1)
    bench.consumer(table(on(kit.Happened, break_it))).run_once()

    ((_, reason),) = parked(bench)
    assert reason.startswith("NotNullViolation") and "secret" not in reason
    assert effects(bench) == {}


def test_a_value_that_the_driver_refuses_is_named_as_such(bench):
    def break_it(tx: Transaction, _batch: Batch[kit.Happened]) -> None:
        tx.connection.execute(text("select cast(:words as text)"), {"words": "secret\0"})

    bench.send(a_key(), 1)
    bench.consumer(table(on(kit.Happened, break_it))).run_once()

    assert parked(bench) == [(1, "DataError: a value that cannot be stored")]


def test_an_undecodable_event_is_parked_without_its_values_in_the_reason(bench):
    message = kit.message(a_key(), 1, topic=bench.topic)._replace(payload=b'{"unit_id": "planted"}')
    bench.producer.publish([message])
    bench.consumer().run_once()

    assert parked(bench) == [(1, "invalid: unit_id")]


def test_a_dry_run_changes_nothing_and_redrive_applies_the_parked_key(bench):
    key, consumer = a_key(), bench.consumer()
    bench.send(key, 1, poison=True)
    bench.send(key, 2, 3)
    consumer.run_once()
    (waiting,) = bench.redrive.keys(bench.district)
    repaired = Redrive(bench.redrive._consumer, bench.engines.app, table(on(kit.Happened, count_only)))

    assert [item.outcome for item in bench.redrive.key(waiting, district=bench.district, dry_run=True).tried] == [
        "poison"
    ]
    dry = repaired.key(waiting, district=bench.district, dry_run=True)
    assert [item.outcome for item in dry.tried] == ["applied"] * 3
    assert ("effects", 3, 0, 0) in [tuple(change) for change in dry.changes]
    assert (effects(bench), len(parked(bench))) == ({}, 3)

    repaired.key(waiting, district=bench.district)
    assert (effects(bench), parked(bench)) == ({key: [1, 2, 3]}, [])
    bench.send(key, 4)
    consumer.run_once()
    assert effects(bench)[key] == [1, 2, 3, 4]
    assert bench.rows_of("select outcome, payload is not null from parked order by sequence") == [("applied", True)] * 3


def count_only(tx: Transaction, batch: Batch[kit.Happened]) -> None:
    for message in (it.message for it in batch.received):
        row = {"event_id": message.event_id, "key": message.key, "sequence": message.sequence, "district": tx.district}
        tx.connection.execute(
            text(
                "insert into effects (event_id, key, sequence, district) values (:event_id, :key, :sequence, :district)"
            ),
            row,
        )


def test_an_event_without_a_reaction_advances_the_inbox(bench):
    key, consumer = a_key(), bench.consumer()
    bench.send(key, 1)
    bench.producer.publish([kit.message(key, 2, topic=bench.topic, event=kit.Passed(unit_id=key))])
    bench.send(key, 3)
    consumer.run_once()

    assert (effects(bench), parked(bench)) == ({key: [1, 3]}, [])


def test_an_unknown_version_is_quarantined_and_comes_back_after_the_upgrade(bench):
    key, consumer = a_key(), bench.consumer()
    tomorrow = kit.Happened.declared.type.replace(".v1", ".v2")
    bench.send(key, 1)
    bench.producer.publish([kit.message(key, 2, topic=bench.topic)._replace(type=tomorrow)])
    bench.send(key, 3)
    consumer.run_once()
    assert (effects(bench), parked(bench)) == ({key: [1]}, [(3, "gap")])
    assert bench.rows_of("select reason from quarantined") == [("unknown-version",)]

    upgraded = Redrive(
        f"c{bench.district}", bench.engines.app, {**kit.REACTIONS, tomorrow: on(kit.Happened, kit.add_up)}
    )
    assert [outcome for _, outcome in bench.redrive.requeue(bench.district)] == ["unknown-version"]
    assert [outcome for _, outcome in upgraded.requeue(bench.district)] == ["requeued"]
    upgraded.heal(bench.district)

    assert (effects(bench), parked(bench)) == ({key: [1, 2, 3]}, [])
    assert bench.rows_of("select outcome is not null from quarantined") == [(True,)]


def test_an_unreadable_record_is_quarantined_unchanged(bench):
    headers = [("ce_id", b"\xff\0\\"), ("x", None), ("ü", b"1")]
    bench.broker.append(bench.topic, None, headers, b"\0value")
    bench.consumer().run_once()
    bench.consumer().run_once()

    with database.begin(bench.engines.app, district=bench.district) as tx:
        (kept,) = quarantine.waiting(tx, f"c{bench.district}", topic=None, batch=10)
    assert (list(kept.headers), kept.value, kept.key) == (headers, b"\0value", None)


def test_too_many_consecutive_rejections_stop_the_consumer_and_roll_back(bench):
    for _ in range(30):
        bench.send(a_key(), 1, poison=True)
    with pytest.raises(TooManyRejected):
        bench.consumer(max_rejected=20).run_once()
    assert parked(bench) == []

    bench.consumer(max_rejected=31).run_once()
    assert len(parked(bench)) == 30


def test_a_restored_source_that_lost_no_applied_event_continues(bench):
    key, consumer = a_key(), bench.consumer()
    bench.send(key, 1, 2)
    bench.send(key, 3, epoch=2)
    consumer.run_once()

    assert (effects(bench), parked(bench)) == ({key: [1, 2, 3]}, [])


def test_a_restored_source_that_lost_an_applied_event_waits_for_a_person(bench):
    key, consumer = a_key(), bench.consumer()
    bench.send(key, 1, 2, 3)
    bench.send(key, 2, 3, 4, epoch=2)
    consumer.run_once()
    assert (effects(bench), parked(bench)) == ({key: [1, 2, 3]}, [(2, "epoch"), (3, "epoch"), (4, "behind")])
    assert bench.redrive.heal(bench.district) == 0

    (waiting,) = bench.redrive.keys(bench.district)
    bench.redrive.key(waiting, district=bench.district, decision="accept-epoch")
    assert (effects(bench)[key], parked(bench)) == ([1, 2, 3, 2, 3, 4], [])
    bench.send(key, 5, epoch=2)
    bench.send(key, 4, epoch=1)
    consumer.run_once()
    assert (effects(bench)[key], parked(bench)) == ([1, 2, 3, 2, 3, 4, 5], [])


def test_events_of_the_old_database_after_a_restore_are_noticed(bench):
    key, consumer = a_key(), bench.consumer()
    bench.send(key, 1, epoch=2)
    bench.send(key, 2, epoch=1)
    consumer.run_once()

    assert (effects(bench), parked(bench)) == ({key: [1]}, [(2, "epoch")])


def test_on_a_latest_topic_only_going_backwards_is_refused(bench):
    topic, key = topics.name(bench.district, LATEST), a_key()
    seen: list[int] = []

    def react(_tx: Transaction, batch: Batch[KeyWrapped] | Batch[KeyDeleted]) -> None:
        if any("bad" in getattr(event, "wrapped", {}) for event in batch.events):
            raise Rejected("bad")
        seen.extend(it.message.sequence for it in batch.received)

    reactions = table(on(KeyWrapped, react), on(KeyDeleted, react))
    consumer = bench.consumer(reactions, kinds=(LATEST,))

    def send(sequence: int, reader: str | None = "notify") -> None:
        """A key for this reader; None deletes it."""
        headers = kit.message(key, 1, topic=bench.topic).headers
        wrapped = KeyWrapped(person_id=key, key_id=uuid4(), wrapped={f"{reader}": "AAAA"})
        event = wrapped if reader else KeyDeleted(person_id=key)
        message = Message(uuid4(), topic, key, sequence, event.declared.type, codec.encode(event), headers)
        bench.producer.publish([message])

    send(3)
    send(7)
    send(5)
    consumer.run_once()
    assert (seen, parked(bench)) == ([3, 7], [])

    send(8, "bad")
    consumer.run_once()
    assert parked(bench) == [(8, "bad")]
    send(9, "bad")
    send(10, None)
    consumer.run_once()
    assert (seen, parked(bench)) == ([3, 7, 10], [])
    consumer = bench.consumer(reactions, kinds=(LATEST,))
    consumer.run_once()
    assert seen == [3, 7, 10]


def test_an_event_of_a_reaction_names_its_cause_and_is_written_once(bench):
    keys = [a_key() for _ in range(5)]

    def reply(tx: Transaction, batch: Batch[kit.Happened]) -> None:
        for happened in batch.one_by_one():
            tx.record(kit.Passed(unit_id=happened.event.unit_id))
            if happened.event.key == keys[3]:
                raise Rejected("after writing")

    sent = [bench.send(key, 1)[0] for key in keys]
    bench.consumer(table(on(kit.Happened, reply))).run_once()

    headers_of = dict(bench.rows_of("select key, headers from events where type like '%passed%'"))
    assert set(headers_of) == set(keys) - {keys[3]}
    assert all(headers_of[m.key]["causationid"] == str(m.event_id) for m in sent if m.key != keys[3])
    assert all({"time", "epoch", "correlationid", "traceparent"} <= headers.keys() for headers in headers_of.values())


def test_a_deadlock_is_retried_in_place(bench):
    """Two reactions lock two rows in opposite order; both finish and have their effects."""
    one, two = a_key(), a_key()
    bench.send(one, 1)
    with database.begin(bench.engines.app, district=bench.district) as tx:
        for row in ("a" + bench.district, "b" + bench.district):
            tx.connection.execute(text("insert into totals values (:k, 0, :d)"), {"k": row, "d": bench.district})
    met, tries = threading.Barrier(2, timeout=20), []

    def crossing(first: str, second: str):
        def react(tx: Transaction, batch: Batch[kit.Happened]) -> None:
            tries.append(first)
            touch(tx, first)
            if len(tries) <= 2:
                met.wait()
            touch(tx, second)

        return react

    def touch(tx: Transaction, row: str) -> None:
        tx.connection.execute(text("update totals set total = total + 1 where key = :k"), {"k": row + bench.district})

    consumers = [
        bench.consumer(table(on(kit.Happened, crossing("a", "b"))), name=f"one{two}"),
        bench.consumer(table(on(kit.Happened, crossing("b", "a"))), name=f"two{two}"),
    ]
    threads = [threading.Thread(target=consumer.run_once) for consumer in consumers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(tries) > 2
    assert bench.rows_of("select total from totals where key like '_3%'") == [(2,), (2,)]


def test_a_consumer_that_lost_its_partition_applies_nothing(bench):
    """It sleeps after the poll. When it wakes up, its successor has already applied the messages."""
    key, sent = a_key(), threading.Event()
    bench.send(key, 1, 2, 3)
    zombie = bench.consumer()
    polled = zombie._subscription.poll(0)
    bench.consumer().run_once()
    bench.send(key, 4)
    bench.consumer().run_once()
    sent.set()

    zombie._applied(bench.district, polled)
    assert effects(bench) == {key: [1, 2, 3, 4]}


def test_the_transaction_of_a_sleeping_consumer_times_out(bench, engines):
    impatient = database.connect(engines.urls.app, application_name="asleep", idle_in_transaction_seconds=0.3)
    key = a_key()
    bench.send(key, 1)

    def sleep(tx: Transaction, batch: Batch[kit.Happened]) -> None:
        threading.Event().wait(1.0)
        kit.add_up(tx, batch)

    asleep = Consumer(
        f"c{bench.district}",
        impatient,
        memory.Subscription(bench.broker, group="asleep", topics=".*"),
        table(on(kit.Happened, sleep)),
    )
    with pytest.raises(DBAPIError):
        asleep.run_once()
    bench.consumer().run_once()
    impatient.dispose()

    assert effects(bench) == {key: [1]}


def test_a_callback_after_the_reactions_numbers_applied_events_without_a_gap(bench):
    def number(tx: Transaction, applied: Sequence[Received]) -> None:
        feed.append(tx, [feed.Entry("happened", {"sequence": it.message.sequence}) for it in applied])

    consumer = bench.consumer(after_reactions=number)
    for _ in range(5):
        bench.send(a_key(), 1, 2)
        bench.send(a_key(), 1, poison=True)
        consumer.run_once()

    with database.reading(bench.engines.app, granted=[bench.district]) as tx:
        found = feed.after(tx.connection, bench.district, 3, 100)
        assert [entry.number for entry in found] == [4, 5, 6, 7, 8, 9, 10]
        assert feed.latest(tx.connection, bench.district) == 10
        assert feed.complete_after(tx.connection, bench.district, 10)
        assert not feed.complete_after(tx.connection, bench.district, 11)


def test_a_new_district_needs_nothing_but_its_topics(bench):
    other = str(int(bench.district) + 400_000)
    topic = topics.name(other, kit.KIND)
    consumer = bench.consumer()
    consumer.run_once()
    bench.broker.create(topic)
    key, own_key = a_key(), a_key()
    bench.send(key, 1, topic=topic)
    bench.send(own_key, 1)
    consumer.run_once()

    assert effects(bench) == {own_key: [1]}
    with database.begin(bench.engines.app, district=other) as tx:
        assert kit.effects(tx.connection) == {key: [1]}


def test_an_event_goes_from_the_journal_to_its_effect(bench, engines):
    units = [uuid4() for _ in range(20)]
    for _ in range(3):
        kit.happen(engines.app, bench.district, units)
    relay = Relay(engines.mechanism, memory.Producer(bench.broker))
    while relay.run_once():
        continue
    bench.consumer().run_once()

    assert effects(bench) == {str(unit): [1, 2, 3] for unit in units}

"""Refused messages and redrive: does a refusal park only its key, skip nothing and stop no other key?"""

import threading
from collections.abc import Sequence

import pytest
from sqlalchemy import text

from services.reporting.store import feed
from shared.messaging.consumer import TooManyRejected
from shared.messaging.reactions import Batch, Received, on, table
from shared.messaging.redrive import Redrive
from shared.service import row_security
from shared.service.database import Transaction
from tests.support import kit
from tests.support.consuming import a_key, effects, parked


def test_accepting_an_epoch_does_not_skip_a_plain_gap(bench):
    key, consumer = a_key(), bench.consumer()
    bench.send(key, 1, 3)
    consumer.run_once()
    (waiting,) = bench.redrive.keys(bench.district)

    tried = bench.redrive.key(waiting, district=bench.district, decision="accept-epoch").tried
    assert [item.outcome for item in tried] == ["gap"]
    bench.send(key, 2)
    consumer.run_once()
    bench.redrive.heal(bench.district)
    assert (effects(bench), parked(bench)) == ({key: [1, 2, 3]}, [])


def into_another_district(tx: Transaction, batch: Batch[kit.Happened]) -> None:
    kit.add_up(tx, batch)
    if any(event.filling for event in batch.events):
        tx.connection.execute(text("insert into totals values (:k, 0, '440399')"), {"k": a_key()})


def test_a_row_of_another_district_parks_its_message_and_no_other(bench):
    bad, good = a_key(), a_key()
    bench.send(bad, 1, filling="x")
    bench.send(good, 1)
    crossing = table(on(kit.Happened, into_another_district))
    bench.consumer(crossing).run_once()

    ((_, reason),) = parked(bench)
    assert reason.startswith("InsufficientPrivilege") and "440399" not in reason
    assert effects(bench) == {good: [1]}
    (waiting,) = bench.redrive.keys(bench.district)
    again = Redrive(f"c{bench.district}", bench.engines.app, crossing).key(waiting, district=bench.district)
    assert [item.outcome for item in again.tried] == [reason]


def test_a_missing_grant_stops_the_consumer(bench):
    def without_a_grant(tx: Transaction, batch: Batch[kit.Happened]) -> None:
        tx.connection.execute(text("insert into held (topic) values ('x')"))

    for _ in range(5):
        bench.send(a_key(), 1)
    with pytest.raises(TooManyRejected):
        bench.consumer(table(on(kit.Happened, without_a_grant)), max_rejected=5).run_once()
    assert parked(bench) == []


def test_a_violation_found_at_commit_parks_its_message_and_no_other(bench):
    def twice(tx: Transaction, batch: Batch[kit.Happened]) -> None:
        kit.add_up(tx, batch)
        for event in batch.events:
            again = {"k": f"again {bench.district}", "d": tx.district}
            for _ in range(2 if event.filling else 0):
                tx.connection.execute(text("insert into put_off values (:k, :d)"), again)

    with bench.engines.owner.begin() as owner:
        owner.execute(text("create table put_off (k text unique deferrable initially deferred, district text)"))
        for statement in row_security.protect("put_off", service=kit.SERVICE):
            owner.execute(text(statement))
    bad, good = a_key(), a_key()
    bench.send(bad, 1, filling="x")
    bench.send(good, 1)
    bench.consumer(table(on(kit.Happened, twice))).run_once()

    assert [reason for _, reason in parked(bench)] == ["UniqueViolation: put_off_k_key"]
    assert effects(bench) == {good: [1]}


def test_healing_goes_on_after_a_deadlock(bench):
    key, consumer, stop = a_key(), bench.consumer(), threading.Event()
    bench.send(key, 1, 3)
    consumer.run_once()
    bench.send(key, 2)
    consumer.run_once()
    failures = []

    def deadlocked_once(tx: Transaction, batch: Batch[kit.Happened]) -> None:
        if not failures:
            failures.append(1)
            tx.connection.execute(text("do $$ begin raise exception 'd' using errcode = 'deadlock_detected'; end $$"))
        kit.add_up(tx, batch)
        stop.set()

    Redrive(f"c{bench.district}", bench.engines.app, table(on(kit.Happened, deadlocked_once))).run_forever(stop)

    assert (effects(bench), parked(bench)) == ({key: [1, 2, 3]}, [])


def test_a_writer_of_the_model_blocks_its_swap(bench, engines):
    """A rebuild waits for the consumer's and the redrive's transaction, and neither finds new tables half-way."""
    key, swappable = a_key(), []
    swap = text("select pg_try_advisory_xact_lock(hashtext('swap'), hashtext('public'))")

    def react(tx: Transaction, batch: Batch[kit.Happened]) -> None:
        with engines.owner.begin() as other:
            swappable.append(other.execute(swap).scalar_one())
        kit.add_up(tx, batch)

    reactions = table(on(kit.Happened, react))
    bench.send(key, 2)
    bench.consumer(reactions).run_once()
    bench.send(key, 1)
    bench.consumer(reactions).run_once()
    Redrive(f"c{bench.district}", engines.app, reactions).heal(bench.district)

    assert effects(bench) == {key: [1, 2]}
    assert swappable == [False, False]
    with engines.owner.begin() as nobody_writes:
        assert nobody_writes.execute(swap).scalar_one()


def test_a_redriven_event_is_journaled_and_numbered_like_any_other(bench, engines):
    """The journal is written once, as the transaction's last act, so that keys are locked in one order."""
    key, counting = a_key(), text("select count(*) from events where district = :d")
    meanwhile: list[int] = []

    def reply(tx: Transaction, batch: Batch[kit.Happened]) -> None:
        tx.record(*(kit.Passed(unit_id=event.unit_id) for event in batch.events))
        meanwhile.append(tx.connection.execute(counting, {"d": bench.district}).scalar_one())

    def number(tx: Transaction, applied: Sequence[Received]) -> None:
        feed.append(tx, [feed.Entry("happened", {"sequence": it.message.sequence}) for it in applied])

    bench.send(key, 2, 3)
    bench.consumer(table(on(kit.Happened, reply))).run_once()
    bench.send(key, 1)
    bench.consumer(table(on(kit.Happened, reply)), after_reactions=number).run_once()
    healing = Redrive(f"c{bench.district}", engines.app, table(on(kit.Happened, reply)), after_reactions=number)
    assert healing.heal(bench.district) == 1

    assert meanwhile == [0, 0, 0]
    assert bench.rows_of("select number, body -> 'sequence' from feed order by number") == [(1, 1), (2, 2), (3, 3)]
    assert bench.rows_of("select sequence from events order by sequence") == [(1,), (2,), (3,)]

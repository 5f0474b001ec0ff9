"""Events leave with the transaction: real SQL, recordings with savepoints, flushes and rollbacks in between.

Decisions 2 and 29. The order machine (test_order_machine.py) shows the same through a consumer.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Thread
from typing import NamedTuple
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from shared.messaging.reactions import caused_by
from shared.service import database, journal
from shared.service.database import Transaction
from tests.support import kit
from tests.support.wire import traced


@pytest.fixture(scope="module", autouse=True)
def nothing_left_unsent(engines) -> Iterator[None]:
    """No relay runs here, and the relay of another module would send what is left."""
    yield
    with engines.mechanism.begin() as connection:
        connection.execute(text("delete from unsent"))


class Record(NamedTuple):
    key: int


class Flush(NamedTuple):
    pass


class Savepoint(NamedTuple):
    fails: bool
    inside: tuple[object, ...]


steps = st.recursive(
    st.builds(Record, st.integers(0, 2)) | st.builds(Flush),
    lambda inner: st.builds(Savepoint, st.booleans(), st.lists(inner, max_size=4).map(tuple)),
    max_leaves=14,
)


class Undone(Exception):  # noqa: N818 - it is the test's own way out
    pass


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(played=st.lists(steps, max_size=8), fails=st.booleans())
@example(played=[Record(0), Savepoint(True, (Record(0), Flush())), Record(0)], fails=False)
@example(played=[Record(0), Savepoint(True, (Flush(), Savepoint(False, (Record(1),)))), Record(1)], fails=False)
@example(played=[Savepoint(True, (Savepoint(False, (Record(0), Flush())),)), Record(0)], fails=False)
def test_recorded_events_are_written_once_in_order_unless_they_were_undone(engines, district, played, fails):
    keys, numbers = [uuid4() for _ in range(3)], iter(range(1000))
    kept: list[tuple[UUID, int]] = []
    with unless(fails), database.begin(engines.app, district=district) as tx:
        kept = play(tx, played, keys, numbers)
        if fails:
            raise Undone

    expected = [] if fails else kept
    assert by_key(written(engines, keys)) == by_key(expected)
    assert sequences(engines, keys) == {str(key): count(expected, key) for key in keys if count(expected, key)}
    if not any(isinstance(step, Flush) for step in flat(played)):
        assert written(engines, keys) == expected


def play(tx: Transaction, played: Sequence[object], keys: list[UUID], numbers: Iterator[int]) -> list[tuple[UUID, int]]:
    """Returns what should be written, in the order of recording."""
    kept: list[tuple[UUID, int]] = []
    for step in played:
        if isinstance(step, Record):
            number = next(numbers)
            tx.record(kit.Happened(unit_id=keys[step.key], amount=number))
            kept.append((keys[step.key], number))
        elif isinstance(step, Flush):
            tx.flush()
        elif isinstance(step, Savepoint):
            with unless(step.fails), tx.savepoint():
                inner = play(tx, step.inside, keys, numbers)
                if step.fails:
                    raise Undone
                kept += inner
    return kept


@contextmanager
def unless(fails: bool) -> Iterator[None]:
    try:
        yield
    except Undone:
        assert fails


def flat(played: Sequence[object]) -> Iterator[object]:
    for step in played:
        yield step
        if isinstance(step, Savepoint):
            yield from flat(step.inside)


def written(engines, keys: Sequence[UUID]) -> list[tuple[UUID, int]]:
    found = text("select key, payload from events where key = any(:keys) order by id")
    with engines.mechanism.connect() as connection:
        return [
            (UUID(row.key), kit.Happened.model_validate_json(row.payload).amount)
            for row in connection.execute(found, {"keys": list(map(str, keys))})
        ]


def sequences(engines, keys: Sequence[UUID]) -> dict[str, list[int]]:
    found = text("select key, array_agg(sequence order by id) from events where key = any(:keys) group by key")
    with engines.mechanism.connect() as connection:
        rows = connection.execute(found, {"keys": list(map(str, keys))}).tuples().all()
    return dict(rows)


def by_key(events: Sequence[tuple[UUID, int]]) -> dict[UUID, list[int]]:
    return {key: [number for other, number in events if other == key] for key, _ in events}


def count(events: Sequence[tuple[UUID, int]], key: UUID) -> list[int]:
    return list(range(1, 1 + sum(other == key for other, _ in events)))


def test_writing_the_events_is_the_last_act_before_the_commit(engines, district):
    with traced(engines.app) as wire, database.begin(engines.app, district=district) as tx:
        tx.record(kit.Happened(unit_id=uuid4()))
        tx.connection.execute(text("select 1"))
        with tx.savepoint():
            tx.record(kit.Happened(unit_id=uuid4()))
        tx.connection.execute(text("select 1"))

    writing, committed = wire.statements[-2:]
    assert "insert into events " in writing
    assert "COMMIT" in committed
    assert sum("insert into events " in statement for statement in wire.statements) == 1


def test_a_recorded_event_holds_up_nobody_until_the_commit(engines, district):
    """Its key is locked by the last act only. So another transaction with the same key commits first, and has the lower number."""
    unit = uuid4()
    with database.begin(engines.app, district=district) as first:
        first.record(kit.Happened(unit_id=unit, amount=1))
        with database.begin(engines.app, district=district) as second:
            second.connection.execute(text("set local lock_timeout = '5s'"))
            second.record(kit.Happened(unit_id=unit, amount=2))

    assert written(engines, [unit]) == [(unit, 2), (unit, 1)]


def test_keys_recorded_in_opposite_orders_do_not_deadlock(engines, district):
    units = sorted(uuid4() for _ in range(2))

    def write(order: Sequence[UUID]) -> None:
        for _ in range(20):
            with database.begin(engines.app, district=district) as tx:
                for unit in order:
                    tx.record(kit.Happened(unit_id=unit))

    threads = [Thread(target=write, args=(order,)) for order in (units, units[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sequences(engines, units) == {str(unit): list(range(1, 41)) for unit in units}


def test_an_event_keeps_the_cause_at_its_recording(engines, district):
    """Written together at the end, each still names the message in whose reaction it was recorded."""
    messages = [kit.message(str(uuid4()), 1, topic=f"{district}.signing-case") for _ in range(2)]
    with database.begin(engines.app, district=district) as tx:
        for message in messages:
            with caused_by(message):
                tx.record(kit.Passed(unit_id=UUID(message.key)))

    found = text("select headers ->> 'causationid' from events where key = any(:keys) order by id")
    with engines.mechanism.connect() as connection:
        causes = list(connection.execute(found, {"keys": [message.key for message in messages]}).scalars())
    assert causes == [str(message.event_id) for message in messages]


def test_an_event_too_large_is_refused_where_it_is_recorded(engines, district):
    unit = uuid4()
    with database.begin(engines.app, district=district) as tx:
        with pytest.raises(journal.TooLarge):
            tx.record(kit.Happened(unit_id=unit, filling="x" * 300_000))
        tx.record(kit.Happened(unit_id=unit, amount=7))

    assert written(engines, [unit]) == [(unit, 7)]


def test_events_of_a_savepoint_rolled_back_by_hand_are_not_written(engines, district):
    unit = uuid4()
    with database.begin(engines.app, district=district) as tx:
        tx.record(kit.Happened(unit_id=unit))
        tx.rollback()

    assert written(engines, [unit]) == []


def test_an_event_is_refused_where_it_would_not_be_written(engines, district):
    """In a transaction that reads, after a rollback, or after the end: an error, since the event would be lost."""
    event = kit.Happened(unit_id=uuid4())
    with database.reading(engines.app, granted=[district]) as tx, pytest.raises(RuntimeError, match="open for writing"):
        tx.record(event)
    with database.begin(engines.app, district=district) as tx:
        tx.rollback()
        with pytest.raises(RuntimeError, match="open for writing"):
            tx.record(event)
    with database.begin(engines.app, district=district) as ended:
        pass
    with pytest.raises(RuntimeError, match="open for writing"):
        ended.record(event)

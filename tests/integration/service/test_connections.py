"""A transaction begins in one round trip, and a connection that the server has closed is noticed without one."""

import re
import select
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import LiteralString, cast

import psycopg
import pytest
from prometheus_client import generate_latest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from deploy.local.place import ROOT
from shared.messaging import pipeline
from shared.service import database
from shared.telemetry import facts
from tests.support.eventually import eventually
from tests.support.platform import Database, Platform
from tests.support.wire import traced

_PID = text("select pg_backend_pid()")


@pytest.fixture
def engine(empty_database: Callable[[str], Database]) -> Iterator[Engine]:
    engine = database.connect(empty_database("kit").app, application_name="test", pool_size=2)
    yield engine
    engine.dispose()


def pid(engine: Engine) -> int:
    with database.reading(engine, granted=["440303"]) as tx:
        return int(tx.connection.execute(_PID).scalar_one())


def end(platform: Platform, pid: int) -> None:
    """Ends a session, and returns when it has gone."""
    with psycopg.connect(platform.superuser_url(), autocommit=True) as superuser:
        superuser.execute("select pg_terminate_backend(%s)", (pid,))
        eventually(lambda: not superuser.execute("select from pg_stat_activity where pid = %s", (pid,)).fetchall())


def test_begin_and_the_binding_to_a_district_are_one_message(engine: Engine) -> None:
    with traced(engine) as wire, database.begin(engine, district="440303") as tx:
        tx.connection.execute(text("select 1"))

    assert [len(trip) for trip in wire.trips] == [1, 1, 1]
    assert "begin" in wire.trips[0][0] and "set_config" in wire.trips[0][0]
    assert "COMMIT" in wire.trips[2][0]


def test_a_look_is_one_message_and_its_binding_ends_with_it(engine: Engine) -> None:
    bound = text("select current_setting('clearwater.granted', true) as granted, :number + 1 as number")
    with traced(engine) as wire:
        looked = database.look(engine, bound, {"number": 1}, ["440303", "440305"])

    assert [(row.granted, row.number) for row in looked] == [("440303,440305", 2)]
    assert [len(trip) for trip in wire.trips] == [1]
    with engine.connect() as connection:
        assert connection.execute(bound, {"number": 1}).one().granted == ""
    with pytest.raises(ValueError, match="not a district code"):
        database.look(engine, bound, {"number": 1}, ["440303'"])
    with pytest.raises(DBAPIError, match="division by zero"):
        database.look(engine, text("select 1 / 0"), {}, ["440303"])


def test_a_connection_that_the_server_has_closed_is_replaced_before_it_is_used(
    engine: Engine, platform: Platform
) -> None:
    before = pid(engine)
    end(platform, before)

    assert pid(engine) != before


def test_a_connection_that_is_lost_in_the_middle_is_an_outage(engine: Engine, platform: Platform) -> None:
    def lose() -> None:
        with database.begin(engine, district="440303") as tx:
            end(platform, int(tx.connection.execute(_PID).scalar_one()))
            with database.pipelined(tx.connection) as driver:
                driver.execute("select 1")

    with pytest.raises(DBAPIError) as failure:
        lose()

    assert database.outage(failure.value)
    assert pid(engine) > 0


@pytest.fixture
def crowded(empty_database: Callable[[str], Database]) -> Iterator[Engine]:
    engine = database.connect(empty_database("kit").app, application_name="crowded", pool_size=2)
    yield engine
    engine.dispose()


def in_use() -> list[float]:
    """Used connections of the crowded pool, and its ceiling, as metrics."""
    shown = generate_latest(facts.OWN).decode()
    return [
        float(figure)
        for name in ("used", "limit")
        for figure in re.findall(rf'^clearwater_pool_{name}_connections{{pool="crowded"}} (\S+)$', shown, re.MULTILINE)
    ]


def end_all(platform: Platform) -> int:
    """Ends every session of the crowded pool, as a person does, and says how many there were."""
    with psycopg.connect(platform.superuser_url(), autocommit=True) as superuser:
        wanted = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'crowded'"
        return len(superuser.execute(wanted).fetchall())


def sleeping(platform: Platform) -> int:
    with psycopg.connect(platform.superuser_url(), autocommit=True) as superuser:
        wanted = "select from pg_stat_activity where application_name = 'crowded' and wait_event = 'PgSleep'"
        return len(superuser.execute(wanted).fetchall())


def test_a_pool_that_is_used_up_is_shown_and_a_session_that_a_person_ends_gives_its_connection_back(
    crowded: Engine, platform: Platform
) -> None:
    """The drill of PoolExhausted."""

    def hang() -> None:
        with database.begin(crowded, district="440303") as tx:
            tx.connection.execute(text("select pg_sleep(30)"))

    with ThreadPoolExecutor(2) as requests:
        hanging = [requests.submit(hang) for _ in range(2)]
        eventually(lambda: in_use() == [2, 2], seconds=20)
        eventually(lambda: sleeping(platform) == 2)  # a connection is in use before its statement runs
        assert end_all(platform) == 2
        outages = [request.exception() for request in hanging]

    assert all(isinstance(outage, DBAPIError) and database.outage(outage) for outage in outages)
    assert in_use() == [0, 2]


def test_an_error_of_statements_sent_together_is_raised_as_any_other(engine: Engine) -> None:
    def divide() -> None:
        with database.begin(engine, district="440303") as tx, database.pipelined(tx.connection) as driver:
            driver.execute("select 1/0")
            driver.execute("select 1")

    with pytest.raises(DBAPIError) as failure:
        divide()

    assert database.sqlstate(failure.value) == "22012"
    assert not database.outage(failure.value)


def answered(driver: "psycopg.Connection[tuple[object, ...]]") -> bool:
    return bool(select.select([driver], [], [], 0)[0])


@pytest.mark.parametrize("later", ["a statement", "the commit"])
def test_the_error_of_a_write_that_is_not_awaited_is_raised_by_what_follows_its_answer(
    engine: Engine, later: str
) -> None:
    before = pid(engine)

    def divide() -> None:
        with database.begin(engine, district="440303") as tx:
            driver = tx.at_end.enter_context(database.pipelined(tx.connection))
            tx.connection.execute(text("select 1/0"))
            eventually(lambda: answered(driver))
            if later == "a statement":
                tx.connection.execute(text("select 1"))

    with pytest.raises(DBAPIError) as failure:
        divide()

    assert database.sqlstate(failure.value) == "22012"
    assert pid(engine) == before


@pytest.mark.parametrize("write", [True, False], ids=["writing", "reading"])
def test_a_transaction_has_its_isolation_and_mode_although_the_driver_begins_none_by_itself(
    engine: Engine, write: bool
) -> None:
    opened = (
        database.begin(engine, district="440303") if write else database.reading(engine, granted=["440303", "440305"])
    )
    with opened as tx:
        shown = {
            name: tx.connection.execute(text(f"show {name}")).scalar_one()
            for name in ("transaction_isolation", "transaction_read_only")
        }

    assert tuple(shown.values()) == (("read committed", "off") if write else ("repeatable read", "on"))
    with engine.begin() as plain:
        assert plain.execute(text("select current_setting('clearwater.district', true)")).scalar_one() == ""


def test_the_statement_of_the_runbook_names_who_holds_a_lock_and_ending_it_lets_the_others_go_on(
    engine: Engine, platform: Platform
) -> None:
    """The drill of SigningSlow: of four sessions that stand still, one is the cause, and it waits for nothing."""
    runbook = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    (statement,) = re.findall(r"^ +(select holder\.pid.*?;)$", runbook, re.MULTILINE | re.DOTALL)
    url = engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
    holder = psycopg.connect(url, application_name="the holder")
    holder.execute("select pg_advisory_lock(7)")

    def wait() -> None:
        with psycopg.connect(url, autocommit=True) as victim:
            victim.execute("select pg_advisory_lock(7)")

    with ThreadPoolExecutor(3) as side_by_side, psycopg.connect(platform.superuser_url(), autocommit=True) as person:
        waiting = [side_by_side.submit(wait) for _ in range(3)]

        def found() -> list[tuple[object, ...]]:
            rows = person.execute(statement).fetchall()  # type: ignore[call-overload]
            assert sum(row[5] for row in rows) >= 3
            return rows

        try:
            ((pid, *_, victims, query),) = eventually(found)
            assert (pid, query) == (holder.info.backend_pid, "select pg_advisory_lock(7)")
            assert victims >= 3
        finally:
            person.execute("select pg_terminate_backend(%s)", [holder.info.backend_pid])
        for one in waiting:
            one.result(10)
    holder.close()


def test_a_session_that_holds_a_table_is_seen_by_how_long_others_wait(engine: Engine, platform: Platform) -> None:
    """The drill of DatabaseLocked, seen by a role that may not look into other sessions. A lock by which loops take turns is no fault."""

    def waited() -> float:
        return next(sample.value for sample in pipeline.database(engine) if sample.fact == pipeline.DATABASE_LOCKED)

    def wait(statement: LiteralString) -> None:
        with psycopg.connect(inside) as victim:
            victim.execute(statement)

    inside = platform.superuser_url(engine.url.database or "")
    with psycopg.connect(inside) as holder, ThreadPoolExecutor(2) as side_by_side:
        holder.execute("create table held ()")
        holder.commit()
        try:
            holder.execute("select pg_advisory_xact_lock(8)")
            turns = side_by_side.submit(wait, "select pg_advisory_xact_lock(8)")
            eventually(lambda: holder.execute("select from pg_locks where not granted").fetchall())
            taking_turns = waited()
            holder.execute("lock table held in access exclusive mode")
            reader = side_by_side.submit(wait, "select from held")
            eventually(lambda: waited() > 1)
        finally:
            holder.rollback()  # the runbook ends its session
        turns.result(10)
        reader.result(10)
    assert (taking_turns, waited()) == (0, 0)


def test_sessions_of_anybody_are_counted_up_to_the_limit_of_the_server(engine: Engine, platform: Platform) -> None:
    """The drill of ConnectionsUsedUp: sessions with another database count too, and the statement of the runbook names who holds them."""
    held: list[psycopg.Connection] = []

    def counted() -> tuple[float, float]:
        shown = {sample.fact: sample.value for sample in pipeline.database(engine)}
        return shown[pipeline.SERVER_CONNECTIONS], shown[pipeline.DATABASE_LIMIT]

    try:
        before, most = counted()
        held += [
            psycopg.connect(platform.superuser_url(), application_name="a-leak", autocommit=True) for _ in range(5)
        ]
        with_ours, _ = counted()
        named = held[0].execute(_whose_sessions()).fetchall()
    finally:
        for session in held:
            session.close()

    assert 0 < before < most
    assert with_ours >= before + 5
    assert [row[4] for row in named if row[2] == "a-leak"] and sum(row[4] for row in named if row[2] == "a-leak") == 5


def _whose_sessions() -> LiteralString:
    """As the runbook has it."""
    entry = (ROOT / "docs/runbook.md").read_text("utf-8").partition("## ConnectionsUsedUp")[2]
    found = re.search(r"`(select datname, [^`]*)`", entry)
    assert found
    return cast("LiteralString", found[1])

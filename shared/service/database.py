"""The only two ways to open a transaction. Both bind it to districts, which row-level security (row_security.py) then enforces.

    begin    one district, for writing and for reading what is written
    reading  every granted district, read only, all statements on one snapshot

Invariant: a transaction without a bound district sees no row and writes none. The binding ends with the transaction, so a
pooled connection carries nothing from one request to the next. The events recorded on a transaction are written as its last act
before the commit, and leave with it; a savepoint that is rolled back drops those recorded in it.
Left to others: how events are written (journal.py).
"""

import re
import select
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, LiteralString

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import Connection, Engine, TextClause, create_engine, event, make_url
from sqlalchemy.dialects.postgresql.psycopg import dialect
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, OperationalError, PendingRollbackError, ResourceClosedError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from shared.events.contract import Event
from shared.service import journal
from shared.service.journal import Recorded
from shared.telemetry import facts

EVERY = "*"  # the grant of the city: every district, those of tomorrow too

# Deadlock, serialization failure: the same work succeeds when it is repeated.
_TRANSIENT = frozenset({"40P01", "40001"})
_OUT_OF_TIME = frozenset({"57014", "55P03"})  # a statement, or its wait for a lock, took longer than it may
_WRONG_STATEMENT = "42"  # the class: no such table, column, function …
_FORBIDDEN = "42501"  # of that class, but about one row: it belongs to another district
_CODE = re.compile(r"\w+")
_READ = "begin isolation level repeatable read, read only; "
# Before the snapshot: a rebuild that swaps the schema waits for the transaction, or the transaction for the swap.
_KEEP_SCHEMA = "lock table inbox in access share mode; "
_BIND = "select set_config('clearwater.district', '{}', true) as bound, set_config('clearwater.granted', '{}', true) as granted;"


@dataclass(frozen=True, eq=False)
class Transaction:
    """`district` is the one bound for writing, a GB/T 2260 code such as 440303; empty in a transaction that only
    reads. Only `begin` makes a transaction that records events. `at_end` is closed after the commit or the rollback.
    """

    connection: Connection
    district: str
    _recorded: list[Recorded] | None = field(default=None, repr=False)
    at_end: ExitStack = field(default_factory=ExitStack, repr=False)

    def record(self, *events: Event) -> None:
        """The events leave with the transaction: they are written just before its commit, in this order. Raises TooLarge."""
        if self._recorded is None or not self.connection.in_transaction():
            raise RuntimeError("events are recorded in a transaction that is open for writing")
        self._recorded.extend(map(journal.recorded, events))

    def write(self, statement: TextClause, values: Mapping[str, object]) -> int:
        """One statement by the driver alone, at half the cost. The number of its rows; -1 while results are not awaited (`pipelined`)."""
        with _driven(self.connection) as driver:
            return driver.execute(as_sent(statement), values).rowcount

    def flush(self) -> None:
        """Writes what is recorded so far, so that a large import need not hold all of it.

        The keys of these events are locked from now until the commit. So call it before the end only where no other transaction
        can hold one of these keys and wait for another.
        """
        if self._recorded:
            self.write(journal.WRITE, journal.row(self.district, self._recorded))
            self._recorded.clear()

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undone by any exception, with the events recorded inside; those recorded before it stay recorded, even if flushed inside."""
        before = list(self._recorded or ())
        try:
            with self.connection.begin_nested():
                yield
        except BaseException:
            self._keep(before)
            raise

    def rollback(self) -> None:
        """Undoes everything and drops every recorded event. Nothing else can be done in this transaction."""
        self.connection.rollback()
        self._keep([])

    def _keep(self, records: list[Recorded]) -> None:
        if self._recorded is not None:
            self._recorded[:] = records


@contextmanager
def begin(engine: Engine, *, district: str) -> Iterator[Transaction]:
    """Writes the recorded events and commits on leaving, rolls back on any exception."""
    with _first_error(), _connected(engine) as connection, ExitStack() as at_end, connection.begin():
        with _driven(connection) as driver:
            bind(driver, district, [district], first="begin; ")
        tx = Transaction(connection, district, [], at_end)
        yield tx
        tx.flush()


@contextmanager
def reading(engine: Engine, *, granted: Sequence[str]) -> Iterator[Transaction]:
    """Sees the granted districts, `["*"]` = every one. A page's numbers and its as-of come from one snapshot, and from one schema."""
    with _connected(engine) as connection, connection.begin():
        keep = _KEEP_SCHEMA if connection.get_execution_options().get("search_path") else ""
        with _driven(connection) as driver:
            bind(driver, "", granted, first=_READ + keep)
        yield Transaction(connection, "")


def look(engine: Engine, statement: TextClause, values: Mapping[str, object], granted: Sequence[str]) -> Sequence[Any]:
    """The rows that one statement reads in the granted districts. Binding, statement and end are one message: for a loop that asks
    several times a second what is due, it costs half of what `reading` does.
    """
    with _connected(engine) as connection, _driven(connection) as driver:
        cursor = psycopg.ClientCursor(driver, row_factory=namedtuple_row)
        cursor.execute(_binding("", granted) + as_sent(statement), values)
        cursor.nextset()
        return cursor.fetchall()


@contextmanager
def pipelined(connection: Connection) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    """The statements of the block are sent without waiting for their results, in one round trip; only the driver's own
    cursors can read them, after the block. Raises the error of the first that fails, as `connection` raises errors.
    """
    with _driven(connection) as driver, driver.pipeline():
        yield driver


@lru_cache(maxsize=256)
def as_sent(statement: TextClause) -> bytes:
    """In the driver's own writing of parameters."""
    return str(statement.compile(dialect=dialect())).encode()  # type: ignore[no-untyped-call]


def scalar(connection: Connection, statement: LiteralString) -> object:
    """The one value of one row, None where there is none, by the driver alone: at less than half the cost for what a loop asks."""
    with _driven(connection) as driver:
        cursor = driver.execute(statement)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def connect(  # noqa: PLR0913 - each is a property of the process that connects
    url: str,
    *,
    application_name: str,
    pool_size: int = 4,
    statement_seconds: float | None = None,
    idle_in_transaction_seconds: float | None = None,
    search_path: str | None = None,
) -> Engine:
    """An engine on psycopg 3 from a plain postgresql:// address.

    `pool_size` is a ceiling: who needs one more connection waits for it. `statement_seconds` suits requests, whose
    caller has gone by then; `idle_in_transaction_seconds` suits consumers and relays, which while asleep would block
    their successor. `search_path`: of a schema that a rebuild swaps.
    """
    settings = {
        "statement_timeout": _milliseconds(statement_seconds),
        "idle_in_transaction_session_timeout": _milliseconds(idle_in_transaction_seconds),
        "search_path": search_path,
        "timezone": "UTC",
    }
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        pool_use_lifo=True,  # at rest, one connection is warm in place of all
        max_overflow=0,
        pool_timeout=10,
        execution_options={"search_path": search_path},
        hide_parameters=True,  # an error's text is logged, and parameters may be persons
        connect_args={
            "application_name": application_name,
            "connect_timeout": 5,
            # A database host that vanished is noticed in about 20 s; the kernel's own default is two hours.
            "keepalives": 1,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 2,
            "options": " ".join(f"-c {name}={value}" for name, value in settings.items() if value is not None),
        },
    )
    event.listen(engine, "checkout", _expect_open)
    facts.watch_pool(engine, application_name)
    return engine


def transient(error: BaseException) -> bool:
    """True for a deadlock or a serialization failure: the same work succeeds when it is tried again."""
    return isinstance(error, DBAPIError) and sqlstate(error) in _TRANSIENT


def outage(error: BaseException) -> bool:
    """True for a failure that any other work would meet as well: no database, no connection, no memory."""
    if isinstance(error, DBAPIError):
        of_one = sqlstate(error) in _TRANSIENT | _OUT_OF_TIME
        return error.connection_invalidated or (isinstance(error, OperationalError) and not of_one)
    return isinstance(error, PoolExhausted | PendingRollbackError | ResourceClosedError | MemoryError)


def wrong_statement(error: BaseException) -> bool:
    """True when the database does not know the table, column or function: these are not the tables of this code."""
    state = sqlstate(error) or "" if isinstance(error, DBAPIError) else ""
    return state.startswith(_WRONG_STATEMENT) and state != _FORBIDDEN


def sqlstate(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)


@contextmanager
def _driven(connection: Connection) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    """Its driver, whose errors are raised as `connection` would raise them."""
    driver: psycopg.Connection[tuple[object, ...]] = connection.connection.driver_connection  # type: ignore[assignment]
    try:
        yield driver
    except psycopg.Error as failure:
        lost = connection.dialect.is_disconnect(failure, driver, None)  # type: ignore[arg-type]
        if lost:
            connection.invalidate(failure)
        raise DBAPIError.instance(
            None, None, failure, psycopg.Error, connection_invalidated=lost, dialect=connection.dialect
        ) from failure


@contextmanager
def _first_error() -> Iterator[None]:
    """Raises what aborted a pipeline. The driver raises "pipeline aborted" from the rollback when the answers to the later statements
    arrive after the error, which would hide a deadlock or a rule of the database.
    """
    try:
        yield
    except DBAPIError as failure:
        first = _before_abort(failure)
        if first is failure:
            raise
        raise first from None


def _before_abort(failure: DBAPIError) -> DBAPIError:
    found: BaseException | None = failure
    while found and isinstance(getattr(found, "orig", found), psycopg.errors.PipelineAborted):
        found = found.__cause__ or found.__context__
    return found if isinstance(found, DBAPIError) else failure


def _connected(engine: Engine) -> Connection:
    """A connection whose driver begins no transaction by itself: that would be a round trip of its own."""
    return engine.connect().execution_options(isolation_level="AUTOCOMMIT")


def bind(
    driver: "psycopg.Connection[tuple[object, ...]]", district: str, granted: Sequence[str], *, first: str = ""
) -> None:
    """May be called again within a transaction that writes for several districts: what follows is written for this district."""
    # One message of plain text: two prepared statements in a pipeline cost this process twice as much.
    driver.execute(first.encode() + _binding(district, granted), prepare=False)


def _binding(district: str, granted: Sequence[str]) -> bytes:
    for code in (district or EVERY, *granted):
        if code != EVERY and not _CODE.fullmatch(code):
            raise ValueError(f"not a district code: {code!r}")
    return _BIND.format(district, EVERY if EVERY in granted else ",".join(granted)).encode()


def see_all(connection: Connection, *, write_to: str = "") -> None:
    """For the owner, whom row security binds too: this transaction sees every district and writes to one, or to none."""
    with _driven(connection) as driver:
        bind(driver, write_to, [EVERY])


def _expect_open(connection: "psycopg.Connection[tuple[object, ...]]", *_: object) -> None:
    """Notices a connection that the server has closed, without a round trip: nothing else is there to be read at rest.
    The pool then opens another.
    """
    if not connection.closed:
        waiting = select.poll()
        waiting.register(connection.fileno(), select.POLLIN)
    if connection.closed or waiting.poll(0):
        raise InvalidatePoolError("the server has closed it")


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)

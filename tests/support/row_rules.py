"""The rules that a database keeps for a row by itself: its checks, keys and references. The test_row_rules.py of a service breaks each one.

A row that breaks a rule is a copy of a row of the same table with some columns changed. It is inserted and taken back, so one filled
database serves for all rules. Invented rows are made by no act, so the guards of acts (test_forbidden_changes.py) are off meanwhile. The
owner can do that, and breaks the rules there: they are the same for every role.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from psycopg.errors import Error, ForeignKeyViolation, UniqueViolation
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from shared.service import database as service_database
from tests.support.platform import Database

# Of the database itself and of the kit, whose tables are the same in each service (tests/integration/messaging/test_row_rules.py).
_OTHERS = ("alembic_version", "served_code")
KIT = (
    *("row_probe", "idempotent_answers", "events", "unsent", "event_keys", "epochs", "held", "outbox"),
    *("inbox", "positions", "lags", "doubted", "parked", "quarantined", "decisions", "pulses"),
)
# A key that contains another key of its table refuses nothing of its own: references to a row and its district need it.
_DECLARED = text("""
    with keys as (
        select indexrelid, indrelid, indpred is null as whole, columns, columns <@ (
                   select array_agg(attnum) from pg_attribute where attrelid = indrelid and attnotnull) as not_null
        from pg_index, lateral (select array_agg(attnum) as columns from unnest(indkey::int2[]) as attnum) as named
        where indisunique)
    select relname::text as "table", rule::text
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace and nspname = :schema and not relispartition
    cross join lateral (
        select conname as rule from pg_constraint where conrelid = pg_class.oid and contype in ('c', 'f')
        union all
        select indexrelid::regclass::text from keys as this where indrelid = pg_class.oid and not exists (
            select from keys as other where other.indrelid = this.indrelid and other.whole and other.not_null
            and other.columns <@ this.columns and (not this.columns <@ other.columns or other.indexrelid < this.indexrelid))) as rules
""")
_COLUMNS = text("""
    select attname::text from pg_attribute
    where attrelid = to_regclass(:table) and attnum > 0 and not attisdropped and attgenerated = '' and attidentity = '' order by attnum
""")


# Of the tables in one schema, what a new row cannot do without.
_NEEDED = text("""
    select relname::text as "table", attname::text as "column", format_type(atttypid, null) as type
    from pg_class join pg_attribute on attrelid = pg_class.oid and attnum > 0 and attnotnull and not atthasdef and attidentity = ''
    where relnamespace = to_regnamespace(:schema) and relkind in ('r', 'p') and not relispartition
""")
# Each id is the same one, so every reference finds its row.
_VALUES = {
    "text": "'x'", "uuid": "'00000000-0000-0000-0000-000000000001'", "boolean": "true", "jsonb": "'{}'", "bytea": "'x'",
    "text[]": "'{x}'", "uuid[]": "'{}'", "date": "'2026-11-28'", "timestamp with time zone": "now()",
    **dict.fromkeys(("integer", "bigint", "smallint", "numeric"), "1"),
}  # fmt: skip
_TABLES = text("""
    select format('%I.%I', nspname, relname) from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where nspname in ('public', :schema) and relkind in ('r', 'p') and not relispartition
""")
_BIND = text(
    "select set_config('clearwater.district', :district, true), set_config('clearwater.granted', :granted, true)"
)


@dataclass(frozen=True)
class Row:
    """A copy of a row of `table` where `like` holds, with other values, as SQL, in some columns. `district`: the one that writes it."""

    table: str
    changes: Mapping[str, str] = field(default_factory=dict)
    like: str = "true"
    district: str | None = None


@dataclass(frozen=True)
class Filled:
    """A row in each table of the schema, with these values or one of the type of the column, and the rows of `added`."""

    values: Mapping[str, Mapping[str, str]]
    added: Sequence[Row] = ()
    schema: str = "public"


def declared(urls: Database, *, schema: str = "public", kit: bool = False) -> set[str]:
    """The rules of a service's own tables, or of the kit's."""
    engine = service_database.connect(urls.owner, application_name="test", pool_size=1)
    try:
        with engine.connect() as connection:
            rows = connection.execute(_DECLARED, {"schema": schema}).all()
    finally:
        engine.dispose()
    return {row.rule.split(".")[-1] for row in rows if (row.table in KIT) == kit and row.table not in _OTHERS}


def refusals(
    address: str, district: str, breaches: Mapping[str, Row], *, filled: Filled | None = None
) -> dict[str, str]:
    """What refuses each row: the name of the rule, or what happened instead."""
    engine = service_database.connect(address, application_name="test", pool_size=1)
    try:
        with engine.connect() as connection:  # never committed
            _bind(connection, district, district)
            if filled is not None:
                _without_guards(connection, filled.schema)
                _fill(connection, filled)
            return {rule: _refusal(connection, row) for rule, row in breaches.items()}
    finally:
        engine.dispose()


def _without_guards(connection: Connection, schema: str) -> None:
    """References are triggers too, of the database itself, and stay."""
    for table in connection.execute(_TABLES, {"schema": schema}).scalars().all():
        connection.exec_driver_sql(f"alter table {table} disable trigger user")


def _fill(connection: Connection, filled: Filled) -> None:
    """A row waits for those that it refers to."""
    tables: dict[str, dict[str, str]] = {}
    for column in connection.execute(_NEEDED, {"schema": filled.schema}):
        if (column.table in KIT) == (set(filled.values) <= set(KIT)) and column.table not in _OTHERS:
            tables.setdefault(column.table, {})[column.column] = _VALUES[column.type]
    waiting = list(filled.added)
    for table, values in tables.items():
        own = {"district": "current_setting('clearwater.district')"} if "district" in values else {}
        waiting.append(Row(f"{filled.schema}.{table}", {**values, **own, **filled.values.get(table, {})}))
    while waiting:
        left = [row for row in waiting if not _stands(connection, row, copied=row in filled.added)]
        assert len(left) < len(waiting), f"no row in {[row.table for row in left]}"
        waiting = left


def _stands(connection: Connection, row: Row, *, copied: bool) -> bool:
    statement = f"insert into {row.table} ({_named(row.changes)}) values ({', '.join(row.changes.values())})"
    try:
        with connection.begin_nested():
            return connection.exec_driver_sql(_copying(connection, row) if copied else statement).rowcount > 0
    except DBAPIError as refusal:
        if isinstance(refusal.orig, UniqueViolation):  # a trigger has written it
            return True
        if not isinstance(refusal.orig, ForeignKeyViolation):
            raise
        return False


def _refusal(connection: Connection, row: Row) -> str:
    statement = _copying(connection, row)
    savepoint = connection.begin_nested()
    try:
        if row.district:
            _bind(connection, row.district, service_database.EVERY)
        inserted = connection.exec_driver_sql(statement).rowcount
        connection.exec_driver_sql("set constraints all immediate")
    except DBAPIError as refusal:
        if not isinstance(refusal.orig, Error):
            raise
        return refusal.orig.diag.constraint_name or str(refusal.orig).splitlines()[0]
    finally:
        savepoint.rollback()
    return "accepted" if inserted else "no row to copy"


def _copying(connection: Connection, row: Row) -> str:
    columns = connection.execute(_COLUMNS, {"table": row.table}).scalars().all()
    assert set(row.changes) <= set(columns), row
    values = ", ".join(row.changes.get(name, f'"{name}"') for name in columns)
    return f"insert into {row.table} ({_named(columns)}) select {values} from {row.table} where {row.like} limit 1"


def _named(columns: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


def _bind(connection: Connection, district: str, granted: str) -> None:
    connection.execute(_BIND, {"district": district, "granted": granted})

"""What a service's role may change in its database, by the grants. The test_may_change.py of a service holds its verdicts against it."""

from typing import Any

import pytest
from sqlalchemy import Row, TextClause, text

from shared.service import database as service_database
from tests.support.platform import Database

KIT = {
    *("row_probe", "idempotent_answers", "event_keys", "inbox", "positions", "lags", "parked", "quarantined", "outbox"),
}
# What would lead out of the role, in words and in SQL with the name of the service and of one of its tables.
JUMPS = {
    "turning triggers off": "set local session_replication_role = 'replica'",
    "another role": "set local role {service}_owner",
    "the role of the relay": "set local role {service}_mechanism",
    "a trigger of its own": "alter table {table} disable trigger all",
    "a rule": "create rule silent as on update to {table} do instead nothing",
    "a table of its own": "create table mine (a int)",
    "a function of its own": "create function mine() returns int language sql as 'select 1'",
    "a file of the server": "copy {table} to '/tmp/{table}'",
}
_UPDATABLE = text("""
    select relname::text as "table", attname::text as "column" from pg_class join pg_attribute on attrelid = pg_class.oid
    where relnamespace = to_regnamespace(:schema) and relkind in ('r', 'p') and not relispartition and attnum > 0
      and not attisdropped and has_column_privilege(pg_class.oid, attnum, 'update')
""")
_WITH = text("""
    select relname::text from pg_class
    where relnamespace = to_regnamespace(:schema) and relkind in ('r', 'p') and not relispartition
      and has_table_privilege(oid, :privilege)
""")
_GUARDS = text(
    "select tgrelid::regclass::text, tgname::text from pg_trigger where not tgisinternal and tgenabled = 'O'"
)


def updatable(urls: Database, schema: str = "public") -> set[tuple[str, str]]:
    """(table, column) of each column that the service may change, without the tables of the kit."""
    return {(row.table, row.column) for row in _rows(urls, _UPDATABLE, schema=schema) if row.table not in KIT}


def guards(urls: Database) -> set[tuple[str, str]]:
    """(table, trigger) of each trigger that is in force."""
    return {(table, trigger) for table, trigger in _rows(urls, _GUARDS)}


def tables_with(urls: Database, privilege: str, schema: str = "public") -> set[str]:
    """The tables, without those of the kit, on which the service has the privilege. It may empty no table and hang a trigger on none."""
    assert _rows(urls, _WITH, privilege="truncate", schema=schema) == []
    assert _rows(urls, _WITH, privilege="trigger", schema=schema) == []
    return {name for (name,) in _rows(urls, _WITH, privilege=privilege, schema=schema)} - KIT


def assert_is_refused(urls: Database, jump: str) -> None:
    with pytest.raises(Exception, match=r"permission denied|must be owner"):
        _rows(urls, text(jump))


def _rows(urls: Database, statement: TextClause, **values: object) -> list[Row[Any]]:
    engine = service_database.connect(urls.app, application_name="test", pool_size=1)
    try:
        with engine.connect() as connection:
            return list(connection.execute(statement, values).all())
    finally:
        engine.dispose()

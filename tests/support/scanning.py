"""Searches for planted personal values where none may be readable: every column of every table, log files, topics."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import psycopg
from psycopg import sql

_TABLES = """
    select table_schema, table_name from information_schema.tables
    where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')
"""


def tables(url: str, planted: Sequence[str], *, leaving_out: Iterable[str] = ()) -> list[str]:
    """Tables in which one of the planted values stands as text or as bytes. For a role that sees every row."""
    found, spared = [], set(leaving_out)
    with psycopg.connect(url) as connection:
        for schema, table in connection.execute(_TABLES).fetchall():
            if table not in spared and _stands_in(connection, schema, table, planted):
                found.append(f"{schema}.{table}")
    return found


def files(paths: Iterable[Path], planted: Sequence[str]) -> list[str]:
    needles = [value.encode() for value in planted]
    return [str(path) for path in paths if any(needle in path.read_bytes() for needle in needles)]


def values(records: Iterable[tuple[str, bytes | None]], planted: Sequence[str]) -> list[str]:
    """Names of those records in which a planted value stands."""
    needles = [value.encode() for value in planted]
    return [name for name, value in records if any(needle in (value or b"") for needle in needles)]


def _stands_in(
    connection: "psycopg.Connection[tuple[object, ...]]", schema: str, table: str, planted: Sequence[str]
) -> bool:
    # A row as text shows bytes as hexadecimal, so each value is looked for in both forms.
    wanted = [f"%{form}%" for value in planted for form in (value, value.encode().hex())]
    statement = sql.SQL("select exists (select from {} as searched where searched::text like any (%s))")
    found = connection.execute(statement.format(sql.Identifier(schema, table)), [wanted]).fetchone()
    return bool(found and found[0])

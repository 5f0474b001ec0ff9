"""Backups as an operator makes them: pg_dump of a database, and pg_restore over its later state; or `make backup`, with its archive."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from deploy.backups import local, server
from deploy.declaration import ARCHIVE
from deploy.local import databases, postgres, processes
from tests.support.platform import Database, Platform


def taken(platform: Platform, database: Database) -> bytes:
    return _tool(platform, "pg_dump", "--format=custom", platform.superuser_url(database.name))


def restore(platform: Platform, database: Database, backup: bytes) -> None:
    """No session may be connected to the database."""
    service = database.name.rpartition("_")[0]
    platform.drop(database)
    with psycopg.connect(platform.superuser_url(), autocommit=True) as connection:
        databases.create(connection, database.name, owner=f"{service}_owner")
    _tool(platform, "pg_restore", "--exit-on-error", "--dbname", platform.superuser_url(database.name), given=backup)


@contextmanager
def archived(system: Platform, to: Path) -> Iterator[None]:
    """A backup is there and the archive runs; afterwards the system is as if there had never been one."""
    try:
        local.backup(system.place, to, keep=1)
        yield
    finally:
        system.supervisor.stop(ARCHIVE)
        processes.archive_file(system.place).unlink(missing_ok=True)
        server.local(system.place).drop_slot()


def _tool(platform: Platform, program: str, *arguments: str, given: bytes | None = None) -> bytes:
    binaries = Path(postgres.command(platform.place)[0]).parent
    return subprocess.run([binaries / program, *arguments], input=given, capture_output=True, check=True).stdout

"""Databases as text: restoring what a release wrote, and describing a schema so that two can be compared."""

import gzip
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from deploy.local import postgres, system
from deploy.local.place import ROOT
from tests.support.platform import Database, Platform

RELEASES = ROOT / "tests" / "integration" / "migrations" / "releases"
# pg_dump writes a random token into each dump; SET lines and comments describe the program, not the schema.
_NOT_SCHEMA = re.compile(r"^(\\(un)?restrict|SET |SELECT pg_catalog|--)")
# A policy names its roles in the order in which they were created.
_ROLES = re.compile(r" TO (\w+(?:, \w+)+)")


def released() -> list[tuple[str, str]]:
    """(version, service) of every dump that is kept."""
    return [(file.parent.name, file.name.removesuffix(".sql.gz")) for file in sorted(RELEASES.glob("*/*.sql.gz"))]


def restore(platform: Platform, database: Database, *, version: str, service: str) -> None:
    """Fills an empty database of the service's roles. Raises CalledProcessError with what psql says."""
    _fill(platform, database, gzip.decompress((RELEASES / version / f"{service}.sql.gz").read_bytes()))


def copy(platform: Platform, source: Database, target: Database) -> None:
    """Fills an empty database through a dump: PostgreSQL writes some expressions in another form after a dump was read."""
    _fill(platform, target, _run(platform, "pg_dump", platform.superuser_url(source.name)))


def _fill(platform: Platform, database: Database, dump: bytes) -> None:
    _run(
        platform,
        "psql",
        "--quiet",
        "--set=ON_ERROR_STOP=1",
        "--dbname",
        platform.superuser_url(database.name),
        input=dump,
    )


def migrate(platform: Platform, service: str, database: Database) -> None:
    """Brings the database to the newest version, as the service's own process does."""
    urls = {
        "DATABASE_URL": database.app,
        "DATABASE_URL_MECHANISM": database.mechanism,
        "DATABASE_URL_OWNER": database.owner,
    }
    system.migrate(platform.place, service, **urls)


def schema(platform: Platform, database: Database, tables: Sequence[str] = ()) -> list[str]:
    """The schema's statements, or those of some tables, without what differs between two dumps of the same schema."""
    chosen = [f"--table=*.{table}" for table in tables]
    dump = _run(platform, "pg_dump", "--schema-only", *chosen, platform.superuser_url(database.name)).decode()
    return [_ROLES.sub(_sorted, line) for line in dump.splitlines() if line and not _NOT_SCHEMA.match(line)]


def _sorted(roles: re.Match[str]) -> str:
    return " TO " + ", ".join(sorted(roles[1].split(", ")))


def _run(platform: Platform, program: str, *arguments: str, input: bytes = b"") -> bytes:  # noqa: A002 - subprocess' own word
    command = [str(Path(postgres.command(platform.place)[0]).with_name(program)), *arguments]
    return subprocess.run(command, input=input, capture_output=True, check=True).stdout

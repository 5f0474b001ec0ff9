"""The PostgreSQL that is backed up: how its own programs and our statements reach it, locally and in containers."""

import os
import subprocess
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psycopg

from deploy.local import keys, postgres
from deploy.local.place import HOST, CannotStart, Place
from shared.telemetry.archive_slot import SLOT

# A standstill of the archive must not fill the disk: beyond this the server lets go, and the next backup begins anew.
_KEPT_FOR_ARCHIVE: Final = "8GB"


@dataclass(frozen=True)
class Server:
    """`programs`: the folder of PostgreSQL's own programs; empty = those on the PATH."""

    host: str
    port: int
    password: str = field(repr=False)
    programs: Path | None = None
    user: str = postgres.SUPERUSER

    def connect(self, database: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(
            host=self.host, port=self.port, user=self.user, password=self.password, dbname=database, autocommit=True
        )

    def command(self, program: str, *arguments: str) -> list[str]:
        found = str(self.programs / program) if self.programs else program
        return [found, "--host", self.host, "--port", str(self.port), "--username", self.user, *arguments]

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {"PGPASSWORD": self.password}

    def run(self, program: str, *arguments: str) -> None:
        """Raises CannotStart with the last line that the program wrote."""
        done = subprocess.run(
            self.command(program, *arguments), env=self.environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise CannotStart(f"{program} fails: {reason}")

    def keep_slot(self) -> None:
        """The server keeps the write-ahead log until the archive has it. A slot that was given up is made anew."""
        with closing(self.connect()) as connection:
            connection.execute(f"alter system set max_slot_wal_keep_size = '{_KEPT_FOR_ARCHIVE}'")
            connection.execute("select pg_reload_conf()")
            found = connection.execute(
                "select wal_status, active from pg_replication_slots where slot_name = %s", [SLOT]
            ).fetchone()
            if found and found[0] == "lost":
                connection.execute("select pg_drop_replication_slot(%s)", [SLOT])
            if not found or found[0] == "lost":
                connection.execute("select pg_create_physical_replication_slot(%s, true)", [SLOT])

    def free_slot(self) -> None:
        """Ends whoever still reads it: a pg_receivewal whose archive process was killed goes on alone, and keeps the next one out."""
        with closing(self.connect()) as connection:
            connection.execute(
                "select pg_terminate_backend(active_pid, 5000) from pg_replication_slots where slot_name = %s and active",
                [SLOT],
            )

    def drop_slot(self) -> None:
        with closing(self.connect()) as connection:
            connection.execute(
                "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = %s", [SLOT]
            )


def local(place: Place) -> Server:
    password = keys.load(place.local_dir)["postgres_password"]
    return Server(HOST, place.port("postgres"), password, Path(postgres.command(place)[0]).parent)

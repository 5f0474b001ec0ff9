"""The process that keeps the archive up to the second: PostgreSQL's pg_receivewal, and the lists (lists.py) beside it.

It runs from the first `make backup` on. It dies with either of them; the supervisor starts it again, and both go on where they stopped.
Left to others: base backups and what is deleted with the old ones (taking.py).
"""

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Final

from deploy.backups.kept import Kept
from deploy.backups.lists import Lists
from deploy.backups.server import Server
from deploy.doctor import disks
from shared.service import lifecycle
from shared.telemetry.archive_slot import SLOT
from shared.telemetry.facts import FACTS, Fact, Sample

BACKUP_AT: Final = Fact(
    "clearwater_backup_timestamp_seconds",
    "When the newest whole base backup in the folder of backups was finished, as Unix time; 0 when there is none.",
)
_LOOK_SECONDS = 1.0
_STOP_SECONDS = 5.0


def run(server: Server, to: Kept, *, bind: str, port: int) -> None:
    server.keep_slot()
    FACTS.publish("backups", lambda: newest(to))
    lifecycle.run(
        "archive",
        {"wal": lambda stop: _receive(server, to, stop), "lists": lambda stop: _copy(server, to, stop)},
        bind=bind,
        health_port=port,
    )


def newest(to: Kept) -> Iterator[Sample]:
    yield from disks.of("backups", to.folder)
    yield BACKUP_AT.of(max((backup.finished_at.timestamp() for backup in to.backups()), default=0))


def _receive(server: Server, to: Kept, stop: threading.Event) -> None:
    """Raises RuntimeError when the program ends: its own last line is in this process's log."""
    server.free_slot()
    _begin_unfilled_anew(server, to)
    command = server.command("pg_receivewal", "--directory", str(to.wal), "--slot", SLOT, "--synchronous", "--no-loop")
    with subprocess.Popen(command, env=server.environment) as receiver:
        while not stop.wait(_LOOK_SECONDS):
            if receiver.poll() is not None:
                raise RuntimeError(f"pg_receivewal has ended with {receiver.returncode}")
        receiver.terminate()
        receiver.wait(_STOP_SECONDS)


def _begin_unfilled_anew(server: Server, to: Kept) -> None:
    """pg_receivewal fills a segment with zeros before it writes to it, and takes none of another size. A disk that was full leaves such a
    one; nothing of the log is in it, and the slot still has it.
    """
    with closing(server.connect()) as connection:
        row = connection.execute("select setting::bigint from pg_settings where name = 'wal_segment_size'").fetchone()
    for segment in to.wal.glob("*.partial"):
        if row and segment.stat().st_size != row[0]:
            os.truncate(segment, 0)


def _copy(server: Server, to: Kept, stop: threading.Event) -> None:
    lists = Lists(server, to)
    try:
        while True:
            lists.copy()
            if stop.wait(_LOOK_SECONDS):
                return
    finally:
        lists.close()

"""The process that keeps the archive up to the second: PostgreSQL's pg_receivewal, and the lists (lists.py) beside it.

It runs from the first `make backup` on. It dies with either of them; the supervisor starts it again, and both go on where they stopped.
Left to others: base backups and what is deleted with the old ones (taking.py).
"""

import subprocess
import threading

from deploy.backups.kept import Kept
from deploy.backups.lists import Lists
from deploy.backups.server import SLOT, Server
from shared.service import lifecycle

_LOOK_SECONDS = 1.0
_STOP_SECONDS = 5.0


def run(server: Server, to: Kept, *, bind: str, port: int) -> None:
    server.keep_slot()
    lifecycle.run(
        "archive",
        {"wal": lambda stop: _receive(server, to, stop), "lists": lambda stop: _copy(server, to, stop)},
        bind=bind,
        health_port=port,
    )


def _receive(server: Server, to: Kept, stop: threading.Event) -> None:
    """Raises RuntimeError when the program ends: its own last line is in this process's log."""
    command = server.command("pg_receivewal", "--directory", str(to.wal), "--slot", SLOT, "--synchronous", "--no-loop")
    with subprocess.Popen(command, env=server.environment) as receiver:
        while not stop.wait(_LOOK_SECONDS):
            if receiver.poll() is not None:
                raise RuntimeError(f"pg_receivewal has ended with {receiver.returncode}")
        receiver.terminate()
        receiver.wait(_STOP_SECONDS)


def _copy(server: Server, to: Kept, stop: threading.Event) -> None:
    lists = Lists(server, to)
    try:
        while True:
            lists.copy()
            if stop.wait(_LOOK_SECONDS):
                return
    finally:
        lists.close()

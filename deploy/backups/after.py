"""What the services need after their databases went back to an earlier moment, before the first of them starts.

    new epochs ─▶ the forgotten are forgotten again ─▶ topics written again from the journals ─▶ what was lost is named

Invariant: an event that the archive or a topic knows and no journal has any more is named by its id, type, key and number.
Left to others: the commands themselves, which a person can also call one by one (deploy/README.md).
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from itertools import chain

import psycopg

from deploy.backups import kept
from deploy.backups.kept import Backup, Kept
from deploy.backups.server import Server
from deploy.declaration import SERVICES
from deploy.local import admin, processes, starting, topics
from deploy.local.place import ROOT, CannotStart, Place
from shared.events import topics as names
from shared.messaging import kafka

_LOST = "lost: "
_LONGEST = timedelta(hours=1)  # a transaction that was open while the base backup was taken
_NOT_THERE = """
    select listed.event_id from unnest(%s::uuid[]) as listed (event_id)
    where not exists (select from events where events.event_id = listed.event_id)
"""


def settle(place: Place, server: Server, source: Kept, backup: Backup) -> list[str]:
    """Lines for a person; those that begin with `lost: ` name one event each. The broker runs, no service does. Raises CannotStart."""
    for district in _districts(server):
        topics.create(admin.as_admin(place), district)
    emitting = [service for service in SERVICES if names.written_by(service)]
    for service in SERVICES.keys() - set(emitting):
        kafka.rewind(admin.as_admin(place), service)
    reason = f"restored from {backup.folder.name}"
    starting.side_by_side(*(partial(_run, place, service, "new-epoch", "--reason", reason) for service in emitting))
    # Before the topics: the wrapped key of a forgotten person is not written to one again.
    erased = _forget_again(place, source)
    again = [(service, _run(place, service, "republish")) for service in emitting]
    lost = {line.split()[1]: line for _, lines in again for line in lines if line.startswith(_LOST)}
    lost |= dict(chain.from_iterable(_gone(server, source, backup, service) for service in emitting))
    return [
        *(f"{service}: {line}" for service, lines in again for line in lines if not line.startswith(_LOST)),
        *erased,
        f"{len(lost)} events are lost",
        *(lost[event_id] for event_id in sorted(lost)),
    ]


def _districts(server: Server) -> list[str]:
    with closing(server.connect("registry")) as connection:
        return [str(code) for (code,) in connection.execute("select district from districts order by 1")]


def _forget_again(place: Place, source: Kept) -> list[str]:
    if not source.erasures.exists():
        return []
    return [f"erasures: {line}" for line in _run(place, "registry", "forget-again", str(source.erasures))]


def _gone(server: Server, source: Kept, backup: Backup, service: str) -> Iterator[tuple[str, str]]:
    """The events of a journal that the archive's list has and the restored journal has not."""
    since = backup.finished_at - _LONGEST
    listed = {
        line["event_id"]: line
        for line in kept.lines(source.written(service))
        if datetime.fromisoformat(line["written_at"]) >= since
    }
    with closing(server.connect(service)) as connection:
        for event_id in _absent(connection, list(listed)):
            line = listed[event_id]
            yield event_id, f"{_LOST}{event_id} {line['type']} {line['topic']} {line['key']} {line['sequence']}"


def _absent(connection: "psycopg.Connection[tuple[object, ...]]", ids: list[str]) -> list[str]:
    return [str(event_id) for (event_id,) in connection.execute(_NOT_THERE, [ids])]


def _run(place: Place, service: str, *command: str) -> list[str]:
    """The lines that a service's own command prints; lines of its log are not among them. Raises CannotStart."""
    done = subprocess.run(
        [sys.executable, "-m", f"services.{service}", *command],
        cwd=ROOT, env=os.environ | processes.environment(place, service), capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if line and not line.startswith("{")]
    if done.returncode:
        last = ([*lines, *done.stderr.strip().splitlines()] or ["no reason given"])[-1]
        raise CannotStart(f"{command[0]} of {service} fails: {last}")
    return lines

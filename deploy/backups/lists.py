"""The two lists that are kept apart from backups: who was forgotten, and which events each journal has.

Invariant: neither names a person or holds an event's content. A restore to an earlier moment forgets these people again
(`registry forget-again`) and names the events that the restored journals have no more (after.py).
"""

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, closing
from datetime import datetime, timedelta
from pathlib import Path

import psycopg

from deploy.backups import kept
from deploy.backups.kept import Kept
from deploy.backups.server import Server
from deploy.declaration import SERVICES

_SLACK = timedelta(seconds=1)
_HAS = "select to_regclass('forgettings') is not null, to_regclass('events') is not null"
_FORGOTTEN = "select person_id, district, key_id, forgotten_by, forgotten_at from forgettings"
_WRITTEN = "select id, event_id, topic, key, sequence, type, written_at from events where written_at >= %s order by id"
# What a transaction that runs now has written becomes visible at its commit, with times from its beginning on.
_OLDEST_RUNNING = """
    select coalesce(min(xact_start), clock_timestamp()) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'
"""
_BEGINNING = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


class Lists:
    """Copies what is new at each call. Opened again, it goes on where the files end."""

    def __init__(self, server: Server, to: Kept) -> None:
        self._server, self._opened = server, ExitStack()
        self._erasures = _Erasures(to.erasures)
        self._written = {service: _Written(to.written(service)) for service in SERVICES}
        self._connections = {service: self._open(service) for service in SERVICES}

    def copy(self) -> int:
        """How many lines were added. Raises psycopg.OperationalError when the server is gone."""
        added = 0
        for service, connection in self._connections.items():
            forgettings, events = connection.execute(_HAS).fetchone() or (False, False)
            if forgettings:
                added += self._erasures.copy(connection)
            if events:
                added += self._written[service].copy(connection)
        return added

    def close(self) -> None:
        self._opened.close()

    def _open(self, service: str) -> "psycopg.Connection[tuple[object, ...]]":
        return self._opened.enter_context(closing(self._server.connect(service)))


class _Erasures:
    def __init__(self, file: Path) -> None:
        self._file, self._known = file, {line["person_id"] for line in kept.lines(file)}

    def copy(self, connection: "psycopg.Connection[tuple[object, ...]]") -> int:
        names = ("person_id", "district", "key_id", "forgotten_by", "forgotten_at")
        rows = [dict(zip(names, map(str, row), strict=True)) for row in connection.execute(_FORGOTTEN)]
        new = [row for row in rows if row["person_id"] not in self._known]
        self._known.update(row["person_id"] for row in new)
        return _append(self._file, new)


class _Written:
    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen = {line["event_id"]: datetime.fromisoformat(line["written_at"]) for line in kept.lines(file)}
        self._since = max(self._seen.values(), default=_BEGINNING) - timedelta(hours=1)

    def copy(self, connection: "psycopg.Connection[tuple[object, ...]]") -> int:
        (oldest,) = connection.execute(_OLDEST_RUNNING).fetchone() or (self._since,)
        names = ("id", "event_id", "topic", "key", "sequence", "type", "written_at")
        rows = [dict(zip(names, row, strict=True)) for row in connection.execute(_WRITTEN, [self._since])]
        new = [row for row in rows if str(row["event_id"]) not in self._seen]
        self._seen.update({str(row["event_id"]): _instant(row["written_at"]) for row in new})
        self._since = _instant(oldest) - _SLACK
        self._seen = {event_id: at for event_id, at in self._seen.items() if at >= self._since}
        return _append(self._file, new)


def _instant(value: object) -> datetime:
    if not isinstance(value, datetime):
        raise TypeError(f"no instant: {value!r}")
    return value


def _append(file: Path, rows: Iterable[Mapping[str, object]]) -> int:
    """The lines are on the disk when it returns. A line that a crash has cut off is ended first."""
    text = "".join(json.dumps(row, default=_plain) + "\n" for row in rows)
    if not text:
        return 0
    with file.open("a+b") as opened:
        if opened.seek(0, os.SEEK_END) and _last_byte(opened.fileno()) != b"\n":
            _cut_to_last_line(file)
        opened.write(text.encode())
        opened.flush()
        os.fsync(opened.fileno())
    return text.count("\n")


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _last_byte(descriptor: int) -> bytes:
    return os.pread(descriptor, 1, os.fstat(descriptor).st_size - 1)


def _cut_to_last_line(file: Path) -> None:
    content = file.read_bytes()
    os.truncate(file, content.rfind(b"\n") + 1)

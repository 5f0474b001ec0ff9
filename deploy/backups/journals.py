"""What the journals of a restored PostgreSQL have, and what they lack of what the archive's lists know."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from typing import Final

import psycopg

from deploy.backups import kept
from deploy.backups.kept import Backup, Kept
from deploy.backups.server import Server

LOST: Final = "lost: "
_LONGEST = timedelta(hours=1)  # a transaction that was open while the base backup was taken
_NOT_THERE = """
    select listed.event_id from unnest(%s::uuid[]) as listed (event_id)
    where not exists (select from events where events.event_id = listed.event_id)
"""


def districts(server: Server) -> list[str]:
    with closing(server.connect("registry")) as connection:
        return [str(code) for (code,) in connection.execute("select district from districts order by 1")]


def gone(server: Server, source: Kept, backup: Backup, service: str) -> Iterator[tuple[str, str]]:
    """By event id, a line: an event that the list of a service has and its restored journal has not."""
    since = backup.finished_at - _LONGEST
    listed = {
        line["event_id"]: line
        for line in kept.lines(source.written(service))
        if datetime.fromisoformat(line["written_at"]) >= since
    }
    with closing(server.connect(service)) as connection:
        for event_id in _absent(connection, list(listed)):
            line = listed[event_id]
            yield event_id, f"{LOST}{event_id} {line['type']} {line['topic']} {line['key']} {line['sequence']}"


def _absent(connection: "psycopg.Connection[tuple[object, ...]]", ids: list[str]) -> list[str]:
    return [str(event_id) for (event_id,) in connection.execute(_NOT_THERE, [ids])]

"""The read model's schema and its shadow: made empty, compared, and swapped by renaming.

Invariant: the swap happens under locks that keep every writer and reader of the model away, so nobody sees one schema of each.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from sqlalchemy import Connection, Engine, text

from shared.service import database, migrations

LIVE, NEXT, OLD = "model", "model_next", "model_old"
SEARCH_PATH = f"{LIVE},public"  # of every engine that reads or writes the model
SEARCH_PATH_NEXT = f"{NEXT},public"

_LOCK_TIMEOUT = text("set local lock_timeout = '5s'")
_THE_ONLY = text("select pg_try_advisory_lock(hashtext('rebuild'), hashtext(:schema))")
_ALONE = text("select pg_advisory_xact_lock(hashtext('swap'), hashtext(:schema))")
_BEHIND = text(f"""
    select topic, key, live.last_sequence, next.last_sequence as next_sequence
    from {LIVE}.inbox as live left join {NEXT}.inbox as next using (consumer, topic, key)
    where consumer = :consumer and live.last_sequence > 0
      and (next.last_sequence is null or (next.epoch, next.last_sequence) < (live.epoch, live.last_sequence))
    limit 10
""")  # noqa: S608 - constants
_DISTRICTS = text(f"select district from {LIVE}.inbox union select district from {NEXT}.inbox order by district")  # noqa: S608 - constants


class Behind(NamedTuple):
    """A key of which the shadow has applied less than the live model."""

    topic: str
    key: str
    last_sequence: int
    next_sequence: int | None


def schema(service: str, tables: Sequence[str], *, name: str = LIVE) -> list[str]:
    """The model's own schema with its tables (the kit's inbox tables among them), empty, for a rebuild."""
    return [
        f"create schema {name}",
        f"grant usage on schema {name} to {service}_app, {service}_mechanism",
        *migrations.within(name, tables),
    ]


@contextmanager
def the_only_rebuild(owner: Engine) -> Iterator[bool]:
    """Until the block ends, or its process. False: another rebuild is under way. Two would make, drop and fill one shadow, and what one has
    applied would be a repeat for the other.
    """
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as guard:
        try:
            yield bool(guard.execute(_THE_ONLY, {"schema": LIVE}).scalar_one())
        finally:
            guard.invalidate()  # the connection is closed, and the lock ends with it


def create(connection: Connection, service: str, tables: Sequence[str]) -> None:
    for statement in schema(service, tables, name=NEXT):
        migrations.execute(connection, statement)


def drop(connection: Connection, name: str) -> None:
    connection.execute(text(f"drop schema if exists {name} cascade"))


def lock_alone(connection: Connection) -> None:
    """Keeps every transaction that writes the model away until the end of this one. Raises OperationalError after five seconds."""
    connection.execute(_LOCK_TIMEOUT)
    connection.execute(_ALONE, {"schema": LIVE})


def behind(connection: Connection, consumer: str) -> list[Behind]:
    """At most ten keys; of every district."""
    database.see_all(connection)
    return [Behind(*row) for row in connection.execute(_BEHIND, {"consumer": consumer})]


def lock_inboxes(connection: Connection) -> list[str]:
    """The districts of both schemas, whose inboxes nobody reads or writes from now on. Raises OperationalError."""
    connection.execute(text(f"lock table {LIVE}.inbox, {NEXT}.inbox in access exclusive mode"))
    return list(connection.execute(_DISTRICTS).scalars())


def rename(connection: Connection) -> None:
    """The shadow is the live model now; this transaction sees it under the model's names."""
    connection.execute(text(f"alter schema {LIVE} rename to {OLD}"))
    connection.execute(text(f"alter schema {NEXT} rename to {LIVE}"))
    connection.execute(text(f"set local search_path = {SEARCH_PATH}"))

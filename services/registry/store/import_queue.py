"""Which imports wait for a worker, and the lock by which one worker has an import.

Invariant: the lock belongs to a connection, so it is free again when its worker dies.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from shared.service import database
from shared.service.database import Transaction

_WAITING = text("""
    select import_id, district from imports where state = any(:states) order by uploaded_at, import_id
""")
_TRY_LOCK = text("select pg_try_advisory_lock(hashtextextended(cast(:import_id as text), 0))")
_UNLOCK = text("select pg_advisory_unlock(hashtextextended(cast(:import_id as text), 0))")
_STATE = text("select state from imports where import_id = :import_id")


class Waiting(NamedTuple):
    import_id: UUID
    district: str


def waiting(engine: Engine, states: Collection[str]) -> list[Waiting]:
    """Oldest first, of every district."""
    rows = database.look(engine, _WAITING, {"states": list(states)}, granted=[database.EVERY])
    return [Waiting(*row) for row in rows]


def state_of(tx: Transaction, import_id: UUID) -> str | None:
    found: str | None = tx.connection.execute(_STATE, {"import_id": import_id}).scalar()
    return found


@contextmanager
def held(guard: Connection, import_id: UUID) -> Iterator[bool]:
    """`guard`: a connection outside a transaction. False when another worker has the import."""
    if not guard.execute(_TRY_LOCK, {"import_id": import_id}).scalar():
        yield False
        return
    try:
        yield True
    finally:
        guard.execute(_UNLOCK, {"import_id": import_id})

"""Sequence numbers: issued under the lock of their series, kept for ever.

Invariant: per project and series 1, 2, 3 … without a gap, and the order of numbers, of instants and of commits is one. A number whose
agreement was undone stays, with a second row for the reason. The table is append-only; the app role has no other permission.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.signing.domain.agreement import Turn
from services.signing.store import instants, pipeline
from services.signing.store.pipeline import Query
from shared.events.terms import Series
from shared.service.clock import Clock
from shared.service.database import Transaction

_OPEN = text("""
    insert into series (district, project_id, series) values (:district, :project_id, :series) on conflict do nothing
""")
# All desks of a project queue at this row until the holder has committed, so it is taken last.
_LOCK = text("select last_number, last_at from series where project_id = :project_id and series = :series for update")
TAKE = """
    moved as (
        update series set last_number = :number, last_at = :signed_at where project_id = :project_id and series = :series),
    numbered as (
        insert into numbers (district, project_id, series, number, agreement_id, signed_at)
        values (:district, :project_id, :series, :number, :agreement_id, :signed_at))
"""
_DETACH = text("""
    insert into detachments (district, agreement_id, reason, by, detached_at)
    values (:district, :agreement_id, :reason, :by, :at)
""")


def turn(tx: Transaction, project_id: UUID, series: Series, clock: Clock, *, after: datetime | None = None) -> Turn:
    """Locks the series and then reads the clock, so that a lower number always means an earlier signing.

    `after`: the last instant of the agreement itself. Raises Refused: clock-jumped.
    """
    last, last_at = read(tx, pipeline.together(tx, locking(project_id, series))[0], project_id, series)
    return Turn(last + 1, instants.next_one(tx, clock, last_at, after))


def locking(project_id: UUID, series: Series) -> Query:
    """For `read`."""
    return Query(_LOCK, {"project_id": project_id, "series": series})


def read(tx: Transaction, rows: Sequence[Any], project_id: UUID, series: Series) -> tuple[int, datetime | None]:
    """The last number of the locked series and its instant. The first signing of a series opens it, in two more round trips."""
    if not rows:
        tx.connection.execute(_OPEN, {"district": tx.district, "project_id": project_id, "series": series})
        [rows] = pipeline.together(tx, locking(project_id, series))
    return rows[0].last_number, rows[0].last_at


def detach(tx: Transaction, agreement_id: UUID, *, reason: str, by: str, at: datetime) -> None:
    tx.connection.execute(
        _DETACH, {"district": tx.district, "agreement_id": agreement_id, "reason": reason, "by": by, "at": at}
    )

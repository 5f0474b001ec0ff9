"""The latest signings and undoings of a project, newest first; what took effect; and their running count over a day.

Names arrive masked.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import text

from shared.service.database import Transaction

_LATEST = text("""
    select agreement_id, signings.unit_id, fact, change, series, sequence_number, at, owner, compound, building,
           stairwell, door
    from signings left join units using (unit_id)
    where signings.project_id = any(cast(:project_ids as uuid[]))
      and (cast(:at as timestamptz) is null or (at, agreement_id) < (:at, cast(:agreement_id as uuid)))
    order by at desc, agreement_id desc limit :limit
""")
_DAY = text(
    "select at, change from signings where project_id = :project_id and at >= :since and at < :until order by at"
)
_BETWEEN = text("""
    select agreement_id, signings.unit_id, fact, change, series, sequence_number, at, owner, compound, building,
           stairwell, door
    from signings left join units using (unit_id)
    where signings.project_id = :project_id and at >= :since and at < :until order by at desc, agreement_id desc limit 5000
""")
# The event of an effect has no number: it is that of the unit's last signing before it.
_EFFECTIVE = text("""
    select agreement_id, effects.unit_id, 'effective' as fact, 1 as change, series, sequence_number,
           took_effect_at as at, owner, compound, building, stairwell, door
    from (
        select distinct on (unit_id, epoch, number) signed.*, steps.at as took_effect_at
        from signings as signed join case_steps as steps using (unit_id)
        where signed.project_id = :project_id and signed.fact = 'signed' and signed.at <= steps.at
          and steps.fact = 'effective' and steps.at >= :since and steps.at < :until
        order by unit_id, epoch, number, signed.at desc
    ) as effects left join units using (unit_id)
    order by took_effect_at desc, agreement_id desc limit 5000
""")
_GAINED = text(
    "select coalesce(sum(change), 0) from signings where project_id = :project_id and at > :since and at <= :until"
)
_BEFORE = text("select coalesce(sum(change), 0) from signings where project_id = :project_id and at < :since")


class Signing(BaseModel):
    """A signing, an undoing or an effect. The place is None until the unit has arrived."""

    agreement_id: UUID
    unit_id: UUID
    fact: str
    change: Literal[1, -1] = Field(description="-1 for what undoes a signing: it counts on the day it happens")
    series: str
    sequence_number: int
    at: datetime
    owner: str | None = Field(description="masked at the source; null until the unit has arrived")
    compound: str | None
    building: str | None
    stairwell: str | None
    door: str | None


class SigningState(Signing):
    """A signing, or the undoing of one as a separate row."""

    fact: Literal["signed", "rescinded", "void"]


def latest(
    tx: Transaction, project_ids: Sequence[UUID], *, limit: int, before: tuple[datetime, UUID] | None = None
) -> list[SigningState]:
    at, agreement_id = before or (None, None)
    wanted = {"project_ids": list(project_ids), "limit": limit, "at": at, "agreement_id": agreement_id}
    return [SigningState(**row._asdict()) for row in tx.connection.execute(_LATEST, wanted)]


def between(tx: Transaction, project_id: UUID, *, since: datetime, until: datetime) -> list[SigningState]:
    """Newest first."""
    window = {"project_id": project_id, "since": since, "until": until}
    return [SigningState(**row._asdict()) for row in tx.connection.execute(_BETWEEN, window)]


def effective(tx: Transaction, project_id: UUID, *, since: datetime, until: datetime) -> list[Signing]:
    """The agreements that took effect, newest first; `at` is the instant of the effect, `change` is 1."""
    window = {"project_id": project_id, "since": since, "until": until}
    return [Signing(**row._asdict()) for row in tx.connection.execute(_EFFECTIVE, window)]


def gained(tx: Transaction, project_id: UUID, *, since: datetime, until: datetime) -> int:
    """Signings after `since`, minus those undone."""
    window = {"project_id": project_id, "since": since, "until": until}
    return int(tx.connection.execute(_GAINED, window).scalar_one())


def curve(
    tx: Transaction, project_id: UUID, *, since: datetime, until: datetime, points: int = 120
) -> list[tuple[datetime, int]]:
    """The running count of a day, reduced to at most `points` points and the last one."""
    window: dict[str, Any] = {"project_id": project_id, "since": since, "until": until}
    count = int(tx.connection.execute(_BEFORE, window).scalar_one())
    running = [(since, count)]
    for row in tx.connection.execute(_DAY, window):
        count += row.change
        running.append((row.at, count))
    step = max(1, len(running) // points)
    return [*running[:-1:step], running[-1]]

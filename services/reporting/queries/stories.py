"""The story of a case: what happened to it, by the events of its case."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from shared.service.database import Transaction

_STEPS: Final = text("""
    select unit_id, number, event_id, fact, at, series, sequence_number from case_steps
    where unit_id = any(cast(:unit_ids as uuid[])) and (cast(:until as timestamptz) is null or at < :until)
    order by at desc, epoch desc, number desc limit 5000
""")


@dataclass(frozen=True)
class Step:
    """One event: its place in the case, its id (None for a step of before ids were kept), what it says, when; with the sequence number
    that was given or detached.
    """

    number: int
    event_id: UUID | None
    fact: str
    at: datetime
    series: str | None
    sequence_number: int | None


def of(tx: Transaction, unit_ids: Sequence[UUID], *, until: datetime | None = None) -> dict[UUID, list[Step]]:
    """The newest step of each unit first; with `until`, those before that instant."""
    found: dict[UUID, list[Step]] = {}
    for unit_id, *step in tx.connection.execute(_STEPS, {"unit_ids": list(unit_ids), "until": until}):
        found.setdefault(unit_id, []).append(Step(*step))
    return found

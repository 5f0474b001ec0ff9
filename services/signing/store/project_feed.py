"""A project's feed: every fact that moves a figure, numbered 1, 2, 3 … in the order of commits.

Invariant: a number is taken under the lock of the project's row, which every fact needs anyway. So there is no gap, and no lower number
appears later. The changes sum to the count in the project's row. The table is append-only.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import text

from services.signing.domain.agreement import Agreement
from services.signing.domain.threshold import Counts
from shared.service.database import Transaction

Fact = Literal["signed", "undone", "effective"]
ADD = """
    insert into counted (district, project_id, feed_number, fact, agreement_id, units, households, right_holders, area, happened_at)
    select :district, :project_id, coalesce(max(feed_number), 0) + 1, :fact, :agreement_id, :units, :households, :right_holders, :area,
           :happened_at
    from counted where project_id = :project_id
"""
_ADD = text(ADD)
_LATEST = text("select coalesce(max(feed_number), 0) from counted where project_id = :project_id")
_NOTHING = Counts()


def add(tx: Transaction, agreement: Agreement, fact: Fact, change: Counts = _NOTHING, *, at: datetime) -> None:
    """Under the project's lock. `change` is what it adds to the count, negative for an un-signing."""
    tx.write(_ADD, row(tx, agreement, fact, change, at=at))


def row(tx: Transaction, agreement: Agreement, fact: Fact, change: Counts, *, at: datetime) -> dict[str, object]:
    """For ADD."""
    about = {"fact": fact, "agreement_id": agreement.agreement_id, "happened_at": at}
    return {**_of_project(tx, agreement.project_id, change), **about}


def add_effective(tx: Transaction, settled: Collection[Agreement]) -> None:
    """Adds the agreements that have taken effect; the count does not change."""
    for agreement in settled:
        if agreement.state == "effective" and agreement.effective_at is not None:
            add(tx, agreement, "effective", at=agreement.effective_at)


def add_matched(tx: Transaction, project_id: UUID, signed: Counts, *, at: datetime) -> None:
    """Adds the signings that existed when the roll was matched: the starting value of the sum."""
    about = {"fact": "matched", "agreement_id": None, "happened_at": at}
    tx.write(_ADD, {**_of_project(tx, project_id, signed), **about})


def latest(tx: Transaction, project_id: UUID) -> int:
    """The number up to which the project's figures stand; 0 before the first fact."""
    return int(tx.connection.execute(_LATEST, {"project_id": project_id}).scalar_one())


def _of_project(tx: Transaction, project_id: UUID, change: Counts) -> dict[str, object]:
    return {"district": tx.district, "project_id": project_id, **vars(change)}

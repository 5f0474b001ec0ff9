"""Closed business days: only added to."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from shared.service.database import Transaction

_FIGURES = text("""
    select series, count(*) filter (where signed_at >= :begins) as signed, max(number) as last_number,
           count(*) filter (where detached_at >= :begins and detached_at < :ends) as undone
    from numbers left join detachments using (agreement_id)
    where project_id = :project_id and signed_at < :ends group by series order by series
""")
_ADD = text("""
    insert into days (district, project_id, business_on, restatement, figures, closed_at, closed_by)
    select :district, :project_id, :business_on, count(*), cast(:figures as jsonb), :at, :by
    from days where project_id = :project_id and business_on = :business_on
    returning restatement
""")


def figures(tx: Transaction, project_id: UUID, *, begins: datetime, ends: datetime) -> Sequence[Row[Any]]:
    return tx.connection.execute(_FIGURES, {"project_id": project_id, "begins": begins, "ends": ends}).all()


def add(  # noqa: PLR0913 - the columns of a closed day
    tx: Transaction, project_id: UUID, business_on: date, *, figures: Mapping[str, object], at: datetime, by: str
) -> int:
    """Which restatement it is; 0 for the first closing."""
    day = {"project_id": project_id, "business_on": business_on, "figures": json.dumps(figures)}
    return int(tx.connection.execute(_ADD, {"district": tx.district, **day, "at": at, "by": by}).scalar_one())

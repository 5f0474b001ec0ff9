"""Closed business days, append-only. A day's figures depend only on the project's feed up to a number."""

import json
from datetime import date, datetime, timedelta
from typing import get_args
from uuid import UUID

from sqlalchemy import text

from services.signing.domain.day import BasisDay, ClosedDay, SeriesDay
from services.signing.domain.threshold import Counts
from shared.events.day import midnight
from shared.events.terms import Basis, Series
from shared.service.database import Transaction

_FIGURES = text("""
    select series, count(*) filter (where fact = 'signed' and happened_at >= :begins) as signed,
           count(*) filter (where fact = 'undone' and happened_at >= :begins) as undone,
           count(*) filter (where fact = 'effective' and happened_at >= :begins) as effective,
           coalesce(max(numbers.number) filter (where fact = 'signed'), 0) as last_number,
           count(*) filter (where fact = 'signed') - count(*) filter (where fact = 'undone') as in_force
    from counted join numbers using (agreement_id)
    where counted.project_id = :project_id and feed_number <= :as_of and happened_at < :ends group by series order by series
""")
_BASES = text("""
    select basis, coalesce(sum(change) filter (where happened_at >= :begins), 0)::bigint as change,
           coalesce(sum(change), 0)::bigint as signed, bool_or(fact = 'matched') as matched
    from counted cross join lateral (values
        ('units', units), ('households', households), ('right_holders', right_holders), ('area', area)) as changed (basis, change)
    where project_id = :project_id and feed_number <= :as_of and happened_at < :ends group by basis
""")
_FOLLOWING = text(
    "select count(*), max(closed_at) from days where project_id = :project_id and business_on = :business_on"
)
_ADD = text("""
    insert into days (district, project_id, business_on, restatement, as_of, figures, bases, counting_rule, closed_at, closed_by)
    values (:district, :project_id, :business_on, :restatement, :as_of, cast(:figures as jsonb), cast(:bases as jsonb), :counting_rule,
            :closed_at, :by)
""")


def figures(tx: Transaction, project_id: UUID, on: date, *, as_of: int) -> dict[Series, SeriesDay]:
    """Figures of that day from facts with a feed number up to `as_of`."""
    rows = tx.connection.execute(_FIGURES, _day(project_id, on, as_of))
    return {row.series: SeriesDay(row.signed, row.undone, row.effective, row.last_number, row.in_force) for row in rows}


def bases(tx: Transaction, project_id: UUID, on: date, *, as_of: int, total: Counts | None) -> dict[Basis, BasisDay]:
    """All four bases, also those without a threshold in the project. `total`: of the roll; the day knows it once the roll has matched."""
    found = {row.basis: row for row in tx.connection.execute(_BASES, _day(project_id, on, as_of))}
    names: tuple[Basis, ...] = get_args(Basis)
    return {
        name: BasisDay(
            change=found[name].change if name in found else 0,
            signed=found[name].signed if name in found else 0,
            total=getattr(total, name) if total is not None and name in found and found[name].matched else None,
        )
        for name in names
    }


def following(tx: Transaction, project_id: UUID, on: date) -> tuple[int, datetime | None]:
    """The number of the next restatement, 0 for the first closing, and when the one before was closed. Call it under the project's lock."""
    restatement, closed_at = tx.connection.execute(_FOLLOWING, {"project_id": project_id, "business_on": on}).one()
    return int(restatement), closed_at


def add(tx: Transaction, day: ClosedDay, *, by: str) -> None:
    figures = json.dumps({name: {**vars(counts), "net": counts.net} for name, counts in day.figures.items()})
    bases = json.dumps({name: vars(counts) for name, counts in day.bases.items()})
    tx.connection.execute(_ADD, {**vars(day), "district": tx.district, "figures": figures, "bases": bases, "by": by})


def _day(project_id: UUID, on: date, as_of: int) -> dict[str, object]:
    return {"project_id": project_id, "begins": midnight(on), "ends": midnight(on + timedelta(days=1)), "as_of": as_of}

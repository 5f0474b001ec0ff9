"""Why units are unsigned, as far as events say: disputed, a minor among the owners, an owner overseas, ready, in preparation.

Each unsigned unit counts once, under the first reason that holds, so the figures add up to what is left. No event says that
a unit is seized, or that an owner cannot be found: such units are among the others.
"""

from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import text

from services.reporting.domain.lines import REASONS
from services.reporting.store.unit_lines import REASON
from shared.events.stage import COUNTED
from shared.service.database import Transaction

# Rows from before `capable` was kept do not say whether an owner is a minor, until the model is rebuilt.
_REASONS = text(f"""
    select {REASON} as name,
           count(*) as units, bool_and(owners @> '[{{"capable": true}}]' or owners @> '[{{"capable": false}}]') as known
    from units left join cases using (unit_id)
    where units.project_id = :project_id and not coalesce(agreement = any(:counted), false) group by 1
""")  # noqa: S608 - both parts are written here


class ReasonState(BaseModel):
    name: str
    units: int | None = Field(description="how many units are unsigned for this reason; null: nobody knows")


def of(tx: Transaction, project_id: UUID) -> list[ReasonState]:
    """All five, in one order."""
    rows = tx.connection.execute(_REASONS, {"project_id": project_id, "counted": sorted(COUNTED)}).all()
    found = {row.name: row.units for row in rows}
    minors_known = all(row.known for row in rows)
    known = {name: found.get(name, 0) if name != "minor" or minors_known else None for name in REASONS}
    return [ReasonState(name=name, units=units) for name, units in known.items()]

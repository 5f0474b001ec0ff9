"""What a person looks at before an act: how far the register of a project is, and the roll as freezing it now would make it."""

from collections import Counter
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text

from services.registry.queries.imports import IS_UNFINISHED
from services.registry.store import units
from shared.events import roll
from shared.events.registry import Totals
from shared.service.database import Transaction

_COUNTS = text(f"""
    select (select count(*) from units where project_id = :project_id) as units,
        (select count(*) from units where project_id = :project_id and group_id is null) as unassigned,
        (select count(*) from groups where project_id = :project_id) as groups,
        (select count(*) from officers join groups using (group_id) where groups.project_id = :project_id) as officers,
        (select count(*) from imports where project_id = :project_id and state = 'committed') as imports,
        (select count(*) from imports where project_id = :project_id and {IS_UNFINISHED}) as unfinished
""")  # noqa: S608 - a constant
_BY_GROUP = text("""
    select group_id, staff_id, count(*) as units from units
    where project_id = :project_id and group_id is not null group by group_id, staff_id
""")
_UNASSIGNED = text("""
    select compound, building, count(*) as units from units join buildings using (building_id)
    where units.project_id = :project_id and group_id is null group by compound, building
""")
_FROZEN_BY = text("select frozen_by from rolls where project_id = :project_id")


class Readiness(BaseModel):
    """`unfinished`: imports that wait for a person or the service. `unassigned`: units that no group answers for."""

    units: int
    unassigned: int
    groups: int
    officers: int
    imports: int
    unfinished: int


class Preview(BaseModel):
    """The roll that would be frozen now."""

    totals: Totals
    digest: str


def of(tx: Transaction, project_id: UUID) -> Readiness:
    found = tx.connection.execute(_COUNTS, {"project_id": project_id}).mappings().one()
    return Readiness.model_validate(dict(found))


def preview(tx: Transaction, project_id: UUID) -> Preview | None:
    """None while there is no unit."""
    lines = units.roll(tx, project_id)
    return Preview(totals=roll.totals(lines), digest=roll.digest(lines)) if lines else None


def unassigned(tx: Transaction, project_id: UUID) -> Counter[tuple[str, str]]:
    """How many units no group answers for, by compound and building."""
    rows = tx.connection.execute(_UNASSIGNED, {"project_id": project_id})
    return Counter({(row.compound, row.building): row.units for row in rows})


def frozen_by(tx: Transaction, project_id: UUID) -> str | None:
    """Who froze the roll, as the identity provider knows them."""
    found: str | None = tx.connection.execute(_FROZEN_BY, {"project_id": project_id}).scalar()
    return found


def by_group(tx: Transaction, project_id: UUID) -> dict[tuple[UUID, UUID | None], int]:
    """How many units each group and officer answers for. A key without an officer counts what only the group answers for."""
    rows = tx.connection.execute(_BY_GROUP, {"project_id": project_id})
    return {(row.group_id, row.staff_id): row.units for row in rows}

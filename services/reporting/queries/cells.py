"""Units as cells of the grid: place, stage and assignment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from services.reporting.domain.facets import badges
from shared.events.stage import DONE, Facets, Stage, stage
from shared.service.database import Transaction

_COLUMNS = """
    units.unit_id, units.project_id, units.district, unit_code, compound, building, stairwell, floor, top_floor, door, area, units.use,
    ownership, owner, overseas, owners, groups.name as group_name, groups.officers, assignments.staff_id, rights,
    agreement, series, sequence_number, signed_at, changed_at
    from units left join cases using (unit_id) left join assignments using (unit_id) left join groups using (group_id)
"""
# The shorter name first: 2栋 stands before 10栋, 201 before 1001.
_ORDER = """order by compound, length(building), building, length(stairwell), stairwell, floor desc, length(door), door, units.unit_id
    limit 20000"""
_OF_PROJECT = text(f"select {_COLUMNS} where units.project_id = :project_id {_ORDER}")
_OF_UNITS = text(f"select {_COLUMNS} where units.unit_id = any(cast(:unit_ids as uuid[])) {_ORDER}")


@dataclass(frozen=True)
class Cell:
    """One unit. A facet is None if unknown; the stage is derived from the others."""

    unit_id: UUID
    project_id: UUID
    district: str
    unit_code: str
    compound: str
    building: str
    stairwell: str
    floor: int
    top_floor: int | None
    door: str
    area: int
    use: str
    ownership: str
    owners: tuple[tuple[str, str | None], ...]
    overseas: bool
    group: str | None
    officer: str | None
    facets: Facets
    badges: tuple[str, ...]
    series: str | None
    sequence_number: int | None
    signed_at: datetime | None
    changed_at: datetime | None

    @property
    def stage(self) -> Stage:
        return stage(self.facets)

    @property
    def done(self) -> bool:
        return self.stage in DONE


def of_project(tx: Transaction, project_id: UUID) -> list[Cell]:
    """Sorted by building, stairwell, floor from the top, door."""
    return [_cell(row) for row in tx.connection.execute(_OF_PROJECT, {"project_id": project_id})]


def of_units(tx: Transaction, unit_ids: Sequence[UUID]) -> list[Cell]:
    """Those of the named units that have arrived and are granted."""
    return [_cell(row) for row in tx.connection.execute(_OF_UNITS, {"unit_ids": list(unit_ids)})]


_AS_STORED = (
    "unit_id", "project_id", "district", "unit_code", "compound", "building", "stairwell", "floor", "top_floor", "door", "area", "use",
    "ownership", "overseas", "series", "sequence_number", "signed_at", "changed_at",
)  # fmt: skip


def _cell(row: Row[Any]) -> Cell:
    officers = {officer["staff_id"]: officer["name"] for officer in row.officers or ()}
    return Cell(
        **{name: getattr(row, name) for name in _AS_STORED},
        owners=tuple((owner["masked_name"], owner["share"]) for owner in row.owners),
        group=row.group_name,
        officer=officers.get(str(row.staff_id)),
        facets=Facets(
            rights=None if row.rights in {None, "pending"} else row.rights,
            agreement=None if row.agreement in {None, "none"} else row.agreement,
        ),
        badges=badges(rights=row.rights, overseas=row.overseas, owners=row.owners),
    )

"""Units as cells of the grid: place, stage and assignment."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import Row, text

from services.reporting.domain.facets import badges
from shared.events.stage import DONE, Facets, Stage, stage
from shared.service.database import Transaction

_COLUMNS = """
    units.unit_id, units.project_id, units.district, unit_code, compound, building, stairwell, floor, top_floor, door,
    area as area_hundredths_m2, overseas, owners, groups.name as group_name, groups.officers, assignments.staff_id, rights,
    agreement, series, sequence_number, signed_at, changed_at
    from units left join cases using (unit_id) left join assignments using (unit_id) left join groups using (group_id)
"""
# The shorter name first: 2栋 stands before 10栋, 201 before 1001.
_ORDER = """order by compound, length(building), building, length(stairwell), stairwell, floor desc, length(door), door, units.unit_id
    limit 20000"""
_OF_PROJECT = text(f"select {_COLUMNS} where units.project_id = :project_id {_ORDER}")
_OF_UNITS = text(f"select {_COLUMNS} where units.unit_id = any(cast(:unit_ids as uuid[])) {_ORDER}")


class OwnerState(BaseModel):
    masked_name: str
    share: str | None


class CellState(BaseModel):
    """One unit as a cell: its derived stage and its known facets."""

    unit_id: UUID
    project_id: UUID
    unit_code: str
    compound: str
    building: str
    stairwell: str
    floor: int = Field(description="the lowest of several")
    top_floor: int | None = Field(description="the highest of several; null for a unit on one")
    door: str
    area_hundredths_m2: int
    stage: Stage
    rights: str | None
    agreement: str | None
    group: str | None
    officer: str | None
    series: str | None
    sequence_number: int | None
    signed_at: datetime | None
    changed_at: datetime | None
    done: bool = Field(description="signed, or further")
    owners: list[OwnerState]


class Cell(CellState):
    """With what only pages need."""

    district: str
    facets: Facets
    badges: tuple[str, ...]

    @property
    def area(self) -> int:
        return self.area_hundredths_m2


def of_project(tx: Transaction, project_id: UUID) -> list[Cell]:
    """Sorted by building, stairwell, floor from the top, door."""
    return [_cell(row) for row in tx.connection.execute(_OF_PROJECT, {"project_id": project_id})]


def of_units(tx: Transaction, unit_ids: Sequence[UUID]) -> list[Cell]:
    """Those of the named units that have arrived and are granted."""
    return [_cell(row) for row in tx.connection.execute(_OF_UNITS, {"unit_ids": list(unit_ids)})]


def _cell(row: Row[Any]) -> Cell:
    officers = {officer["staff_id"]: officer["name"] for officer in row.officers or ()}
    facets = Facets(
        rights=None if row.rights == "pending" else row.rights,
        agreement=None if row.agreement == "none" else row.agreement,
    )
    derived = stage(facets)
    shown = {
        "stage": derived,
        "done": derived in DONE,
        "rights": facets.rights,
        "agreement": facets.agreement,
        "group": row.group_name,
        "officer": officers.get(str(row.staff_id)),
        "owners": [OwnerState.model_validate(owner) for owner in row.owners],
        "facets": facets,
        "badges": badges(rights=row.rights, overseas=row.overseas, owners=row.owners),
    }
    return Cell(**row._asdict() | shown)

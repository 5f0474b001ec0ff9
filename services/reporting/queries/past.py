"""The cells of the map on a closed day, as its frozen report kept them (decision 49).

Nothing here is counted anew. Where a report was frozen before it kept the floor of a unit, the floor is that of the unit now: houses stay
where they are. Marks and numbers that it did not keep are unknown, and are not taken from now.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.reporting.domain.lines import Unit
from services.reporting.queries import reports
from services.reporting.queries.reports import Report
from shared.service.database import Transaction

_FIRST_MARKS: Final = ("disputed", "overseas")  # of a report that does not name them
_FLOORS: Final = text("select unit_id, floor, top_floor from units where project_id = :project_id")


@dataclass(frozen=True)
class PastCell:
    """A unit on the day of `past`. What was not kept of it is None."""

    unit_id: UUID
    compound: str
    building: str
    stairwell: str
    floor: int
    top_floor: int | None
    door: str
    area: int
    stage: str
    done: bool
    group: str | None
    officer: str | None
    reason: str | None
    badges: tuple[str, ...]
    series: str | None
    sequence_number: int | None


@dataclass(frozen=True)
class Past:
    """`marks`: those that the report keeps of its units, if any. `restatements`: how many came after the one that is shown."""

    day: date
    report: Report
    restatements: int
    marks: tuple[str, ...]
    cells: tuple[PastCell, ...]


def of(tx: Transaction, project_id: UUID, day: date, restatement: int = 0) -> Past | None:
    """None where no report of the day is kept, or not that restatement of it."""
    frozen = reports.of_day(tx, project_id, day)
    report = next((report for report in frozen if report.restatement == restatement), None)
    if report is None:
        return None
    units = report.units
    floors = _floors(tx, project_id) if any(unit.floor is None for unit in units) else {}
    return Past(
        day=day,
        report=report,
        restatements=frozen[-1].restatement - restatement,
        marks=_marks(report) if all(unit.badges is not None for unit in units) else (),
        cells=tuple(_as_on_the_map([_cell(unit, floors) for unit in units])),
    )


def _marks(report: Report) -> tuple[str, ...]:
    return tuple(report.body.get("marks", _FIRST_MARKS))


def _floors(tx: Transaction, project_id: UUID) -> dict[str, tuple[int, int | None]]:
    rows = tx.connection.execute(_FLOORS, {"project_id": project_id})
    return {str(row.unit_id): (row.floor, row.top_floor) for row in rows}


def _cell(unit: Unit, floors: dict[str, tuple[int, int | None]]) -> PastCell:
    floor, top_floor = (unit.floor, unit.top_floor) if unit.floor is not None else floors[unit.unit_id]
    known: dict[str, Any] = {
        name: getattr(unit, name)
        for name in ("compound", "building", "stairwell", "door", "area", "stage", "group", "officer", "reason")
    }
    return PastCell(
        **known,
        unit_id=UUID(unit.unit_id),
        floor=floor,
        top_floor=top_floor,
        done=unit.signed,
        badges=unit.badges or (),
        series=unit.series,
        sequence_number=unit.sequence_number,
    )


def _as_on_the_map(cells: Sequence[PastCell]) -> list[PastCell]:
    """The buildings in the order of the report; in each the stairwells, from the top floor down, door by door."""
    places = {place: rank for rank, place in enumerate(dict.fromkeys((cell.compound, cell.building) for cell in cells))}
    return sorted(
        cells,
        key=lambda cell: (
            places[cell.compound, cell.building], len(cell.stairwell), cell.stairwell, -cell.floor, len(cell.door), cell.door,
        ),
    )  # fmt: skip

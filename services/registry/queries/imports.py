"""Imports: progress, faults and changes."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text

from services.registry.domain import template
from services.registry.domain.cells import Fault
from services.registry.domain.imports import AT_WORK
from shared.refusal import Unknown
from shared.service.database import Transaction

LISTED = 1_000


class FaultState(BaseModel):
    """`cell` is the address in the sheet, such as P7; empty where the whole row is meant. `text` explains `code`."""

    sheet: str
    row: int
    column: str
    header: str
    cell: str
    code: str
    text: str


class ChangeState(BaseModel):
    unit_code: str
    row: int
    change: str
    changed_columns: list[str]


class ProgressState(BaseModel):
    """`done` of `total` are rows while it reads, checks while it checks, lines and units while it commits. The rest is an estimate."""

    step: str
    done: int
    total: int
    rest_seconds: int | None


class ImportState(BaseModel):
    """`progress` while the worker is at it. `contacts_changed`: people whose telephone, mail or language differs from the
    register; their units may be unchanged.
    """

    import_id: UUID
    project_id: UUID
    state: str
    file_name: str
    file_bytes: int
    rows_read: int
    progress: ProgressState | None
    units: int | None
    faults: int
    fault_counts: dict[str, int]
    changes: dict[str, int] | None
    contacts_changed: int | None
    refusal: dict[str, Any] | None
    uploaded_by: str
    uploaded_at: datetime
    checked_at: datetime | None
    committed_at: datetime | None


class ImportReport(ImportState):
    """With the first 1,000 faults, and the first 1,000 units that would change. `refusal` explains what happened and what to do next."""

    listed: list[FaultState]
    changed: list[ChangeState]


_STATE = """
    select imports.*, case when step = state then jsonb_build_object('step', step, 'done', done, 'total', total, 'rest_seconds',
        case when done > 0 then ceil(extract(epoch from noted_at - began_at) * (total - done) / done)::int end) end as progress
    from imports left join import_progress using (import_id)
"""
_ONE = text(f"{_STATE} where import_id = :import_id")
# An import with mistakes is finished once a later one is committed.
IS_UNFINISHED: Final = f"""
    (state in ('{"', '".join((*AT_WORK, "clean"))}') or (state = 'faulty' and not exists (
        select from imports later where later.project_id = imports.project_id and later.state = 'committed'
            and later.import_id > imports.import_id)))
"""
_PAGE = text(f"""
    {_STATE} where project_id = :project_id and import_id < :before and (not :unfinished or {IS_UNFINISHED})
    order by import_id desc limit :limit
""")
_FAULTS = text("""
    select sheet, row, column_name, code from import_faults where import_id = :import_id
    order by sheet desc, row, column_name, code limit :limit
""")
_CHANGED = text("""
    select unit_code, row, change, changed_columns from import_units
    where import_id = :import_id and change = 'changed' order by row limit :limit
""")


def one(tx: Transaction, import_id: UUID) -> ImportState:
    """Raises Unknown."""
    return ImportState.model_validate(_row(tx, import_id))


def report(tx: Transaction, import_id: UUID, *, sentence: Callable[[str], str]) -> ImportReport:
    """`sentence` explains a fault's code in the reader's language. Raises Unknown."""
    place = {"import_id": import_id, "limit": LISTED}
    changed = tx.connection.execute(_CHANGED, place).mappings()
    return ImportReport.model_validate(
        {
            **_row(tx, import_id),
            "listed": [_listed(fault, sentence(fault.code)) for fault in faults(tx, import_id)],
            "changed": [ChangeState.model_validate(dict(row)) for row in changed],
        }
    )


def page(tx: Transaction, project_id: UUID, *, before: UUID, limit: int, unfinished: bool = False) -> list[ImportState]:
    """Newest first. `unfinished`: only those that wait for a person or the service."""
    place = {"project_id": project_id, "before": before, "limit": limit, "unfinished": unfinished}
    rows = tx.connection.execute(_PAGE, place).mappings()
    return [ImportState.model_validate(dict(row)) for row in rows]


def faults(tx: Transaction, import_id: UUID, *, limit: int = LISTED) -> list[Fault]:
    """In the order of the workbook."""
    rows = tx.connection.execute(_FAULTS, {"import_id": import_id, "limit": limit})
    return [Fault(row.sheet, row.row, row.column_name, row.code) for row in rows]


def _row(tx: Transaction, import_id: UUID) -> dict[str, Any]:
    row = tx.connection.execute(_ONE, {"import_id": import_id}).mappings().one_or_none()
    if row is None:
        raise Unknown
    return dict(row)


def _listed(fault: Fault, sentence: str) -> FaultState:
    columns = template.SHEETS[fault.sheet]
    header = next((column.header for column in columns if column.name == fault.column), "")
    cell = f"{template.column_letter(columns, fault.column)}{fault.row}" if header else ""
    return FaultState(
        sheet=fault.sheet, row=fault.row, column=fault.column, header=header, cell=cell, code=fault.code, text=sentence
    )

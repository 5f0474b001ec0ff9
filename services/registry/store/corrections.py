"""Stages a correction of one unit and, if it has no faults, carries it over as the next revision.

Invariant: a correction uses the same tables and checks as an import, in one transaction, and leaves no rows in them. An
append-only list records who, why and which columns; never a value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from uuid_utils.compat import uuid7

from services.registry.store import imports
from services.registry.store.columns import BUILDING_NAMES
from shared.refusal import Refused, Unknown
from shared.service.database import Transaction
from shared.telemetry import tracing

_PROJECT = text("select project_id from units where unit_id = :unit_id and district = :district")
_UNIT = text("select unit_id, project_id, revision, unit_code, source from units where unit_id = :unit_id for update")
_HOLDERS = text("select person_id, guardian_id from holders where unit_id = :unit_id order by place")
_KNOWN_BUILDING = text(f"""
    insert into import_buildings (import_id, row, district, {BUILDING_NAMES})
    select :import_id, 1, district, {BUILDING_NAMES} from buildings
    where project_id = :project_id and compound = :compound and building = :building
""")  # noqa: S608 - parts of ours
_FAULTS = text("""
    select row, column_name, code from import_faults where import_id = :import_id order by row, column_name, code
""")
_FOUND = text("select change, changed_columns from import_units where import_id = :import_id")
_END = text("delete from imports where import_id = :import_id")
_RECORD = text("""
    insert into corrections (correction_id, district, unit_id, person_id, revision, changed, reason, corrected_by, corrected_at,
                             trace_id)
    values (:correction_id, :district, :unit_id, :person_id, :revision, :changed, :reason, :by, :at, :trace_id)
""")


@dataclass(frozen=True)
class Held:
    """A registered unit. `holders`: person and guardian, in order; `source`: the stored copy of its workbook row."""

    unit_id: UUID
    project_id: UUID
    revision: int
    unit_code: str
    source: dict[str, Any]
    holders: tuple[tuple[UUID, UUID | None], ...]


@dataclass(frozen=True)
class Correction:
    """Who corrected which columns, and why."""

    revision: int
    changed: Sequence[str]
    reason: str
    by: str
    at: datetime


def project_of(tx: Transaction, unit_id: UUID) -> UUID:
    """Raises Unknown."""
    found = tx.connection.execute(_PROJECT, {"unit_id": unit_id, "district": tx.district}).scalar()
    if found is None:
        raise Unknown
    return UUID(str(found))


def held(tx: Transaction, unit_id: UUID, *, expected: int) -> Held:
    """Locked until the commit. Raises Refused version-superseded."""
    row = tx.connection.execute(_UNIT, {"unit_id": unit_id}).one()
    if row.revision != expected:
        raise Refused("version-superseded", version=row.revision)
    holders = tx.connection.execute(_HOLDERS, {"unit_id": unit_id})
    return Held(**row._asdict(), holders=tuple((holder.person_id, holder.guardian_id) for holder in holders))


def begin(tx: Transaction, unit: Held, *, by: str, at: datetime) -> UUID:
    """Begins an import of one unit, invisible to others."""
    import_id = uuid7()
    file = {"file_name": "", "file_bytes": 0, "file_digest": "", "key_id": uuid7(), "wrapped_key": None}
    imports.add(tx, {"import_id": import_id, "project_id": unit.project_id, **file, "by": by, "at": at})
    return import_id


def stage(
    tx: Transaction, import_id: UUID, unit: Held, lines: Sequence[dict[str, Any]], place: Mapping[str, Any]
) -> None:
    """`place`: compound and building of the correction; the checks need their floors and code."""
    imports.add_lines(tx, lines)
    tx.connection.execute(_KNOWN_BUILDING, {"import_id": import_id, "project_id": unit.project_id, **place})


def found(tx: Transaction, import_id: UUID) -> tuple[list[tuple[int, str, str]], list[str]]:
    """The faults as row, column and code; and the columns whose value changes."""
    faults = [tuple(row) for row in tx.connection.execute(_FAULTS, {"import_id": import_id})]
    units = tx.connection.execute(_FOUND, {"import_id": import_id}).all()
    return faults, [column for unit in units for column in unit.changed_columns]


def end(tx: Transaction, import_id: UUID) -> None:
    imports.clear(tx, import_id)
    tx.connection.execute(_END, {"import_id": import_id})


def record(
    tx: Transaction, correction: Correction, *, unit_id: UUID | None = None, person_id: UUID | None = None
) -> None:
    its = {"correction_id": uuid7(), "district": tx.district, "trace_id": tracing.trace_id()}
    place = {"unit_id": unit_id, "person_id": person_id, "changed": sorted(correction.changed)}
    tx.connection.execute(_RECORD, {**asdict(correction), **its, **place})

"""Projects: one row, which every signing locks after its agreement, and the facts that happen once."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from services.signing.domain.project import Closing, Declaration, Latch, Project
from services.signing.domain.threshold import Basis, Counts, Reading
from shared.refusal import Refused
from shared.service.database import Transaction

_PROJECT = """
    select projects.*, digest, reached_at, readings, declared_at, declared_by, document_number, declarations.automatic as by_rule,
           closed_at, closed_by, reached
    from projects left join rolls using (project_id) left join latches using (project_id)
    left join declarations using (project_id) left join closings using (project_id)
    where project_id = :project_id
"""
_READ = text(_PROJECT)
# Lock before reading the related facts: they are added only under this lock, and a join would read them as of before it.
_LOCK = text("select from projects where project_id = :project_id for update")
_PUT = text("""
    insert into projects (district, project_id, name, series, starts_at, ends_at, automatic, bases, counting_rule)
    values (:district, :project_id, :name, :series, :starts_at, :ends_at, :automatic, cast(:bases as jsonb), :counting_rule)
    on conflict (project_id) do update set name = excluded.name, series = excluded.series, starts_at = excluded.starts_at,
        ends_at = excluded.ends_at, automatic = excluded.automatic, bases = excluded.bases,
        counting_rule = excluded.counting_rule, version = projects.version + 1
    where projects.total_units is null or projects.counting_rule = excluded.counting_rule
""")
_SAVE = text("""
    update projects set total_units = :total_units, total_households = :total_households,
           total_right_holders = :total_right_holders, total_area = :total_area, signed_units = :signed_units,
           signed_households = :signed_households, signed_right_holders = :signed_right_holders, signed_area = :signed_area,
           version = version + 1
    where project_id = :project_id
""")
_LATCH = text("""
    insert into latches (district, project_id, reached_at, readings)
    values (:district, :project_id, :reached_at, cast(:readings as jsonb)) on conflict do nothing
""")
_DECLARE = text("""
    insert into declarations (district, project_id, document_number, declared_at, declared_by, automatic)
    values (:district, :project_id, :document_number, :declared_at, :declared_by, :automatic) on conflict do nothing
""")
_CLOSE = text("""
    insert into closings (district, project_id, reached, closed_at, closed_by)
    values (:district, :project_id, :reached, :closed_at, :closed_by) on conflict do nothing
""")
_COUNTS = ("units", "households", "right_holders", "area")


def find(tx: Transaction, project_id: UUID) -> Project:
    """Without a lock, for decisions that do not depend on the count. Raises Refused: project-unknown."""
    row = tx.connection.execute(_READ, {"project_id": project_id}).one_or_none()
    if row is None:
        raise Refused("project-unknown")
    return _project(row)


def lock(tx: Transaction, project_id: UUID) -> Project:
    """Raises Refused: project-unknown."""
    tx.connection.execute(_LOCK, {"project_id": project_id})
    return find(tx, project_id)


def put(tx: Transaction, project: Project) -> bool:
    """Saves the registry's data without the count. False when it was already counted by another rule."""
    row = {"project_id": project.project_id, "name": project.name, "series": list(project.series)}
    period = {"starts_at": project.starts_at, "ends_at": project.ends_at, "automatic": project.automatic}
    bases = json.dumps([vars(basis) for basis in project.bases], ensure_ascii=False)
    rules = {"bases": bases, "counting_rule": project.counting_rule}
    return bool(tx.connection.execute(_PUT, {"district": tx.district, **row, **period, **rules}).rowcount)


def save(tx: Transaction, project: Project) -> None:
    """Call it under the project's lock, so that the version here equals the one in the database."""
    key = {"district": tx.district, "project_id": project.project_id}
    totals = {f"total_{name}": project.total and getattr(project.total, name) for name in _COUNTS}
    signed = {f"signed_{name}": getattr(project.signed, name) for name in _COUNTS}
    tx.connection.execute(_SAVE, {**key, **totals, **signed})
    project.version += 1
    if project.latch:
        readings = json.dumps([_printed(reading) for reading in project.latch.readings], ensure_ascii=False)
        tx.connection.execute(_LATCH, {**key, "reached_at": project.latch.reached_at, "readings": readings})
    if project.declaration:
        tx.connection.execute(_DECLARE, {**key, **vars(project.declaration)})
    if project.closing:
        tx.connection.execute(_CLOSE, {**key, **vars(project.closing)})


def _project(row: Row[Any]) -> Project:
    bases = tuple(Basis(**basis) for basis in row.bases)
    return Project(
        row.project_id,
        row.name,
        tuple(row.series),
        row.starts_at,
        row.ends_at,
        row.automatic,
        bases,
        row.counting_rule,
        total=None if row.total_units is None else _counts(row, "total"),
        roll_digest=row.digest or "",
        signed=_counts(row, "signed"),
        latch=_latch(row.reached_at, row.readings),
        declaration=_declaration(row),
        closing=None if row.closed_at is None else Closing(row.closed_at, row.closed_by, row.reached),
        version=row.version,
    )


def _declaration(row: Row[Any]) -> Declaration | None:
    if row.declared_at is None:
        return None
    return Declaration(row.declared_at, row.declared_by, row.document_number, row.by_rule)


def _latch(reached_at: datetime | None, readings: list[dict[str, Any]]) -> Latch | None:
    if reached_at is None:
        return None
    return Latch(
        reached_at,
        tuple(Reading(Basis(**reading["basis"]), reading["signed"], reading["total"]) for reading in readings),
    )


def _printed(reading: Reading) -> dict[str, object]:
    return {"basis": vars(reading.basis), "signed": reading.signed, "total": reading.total}


def _counts(row: Row[Any], prefix: str) -> Counts:
    return Counts(**{name: getattr(row, f"{prefix}_{name}") for name in _COUNTS})

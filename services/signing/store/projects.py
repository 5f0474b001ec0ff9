"""Projects: one row, and the facts that happen once. All that changes a count or decides takes the lock of the row.

A signature that does not complete its agreement only looks at the period: it shares the row with all others of its kind and with those
who count (places.py), and keeps out nobody but whoever decides (LOCK conflicts with _SHARE).
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.signing.domain.project import Closing, Declaration, Latch, Project
from services.signing.domain.threshold import Basis, Counts, Reading
from services.signing.store import pipeline
from services.signing.store.pipeline import Query
from shared.events.signing import EffectDeclared, PeriodClosed, ThresholdReached
from shared.refusal import Refused
from shared.service.database import Transaction

PROJECT = """
    select projects.*, digest, reached_at, readings, declared_at, declared_by, document_number, declarations.automatic as by_rule,
           closed_at, closed_by, reached, clock_timestamp() as database_at {}
    from projects left join rolls using (project_id) left join latches using (project_id)
    left join declarations using (project_id) left join closings using (project_id)
    where project_id = :project_id
"""
_READ = text(PROJECT.format(""))
# Lock before reading the related facts: they are added only under this lock, and a join would read them as of before it.
_LOCK = text("select from projects where project_id = :project_id for update")
_SHARE = text("select from projects where project_id = :project_id for key share")
_PUT = text("""
    insert into projects (district, project_id, name, series, starts_at, ends_at, automatic, bases, counting_rule)
    values (:district, :project_id, :name, :series, :starts_at, :ends_at, :automatic, cast(:bases as jsonb), :counting_rule)
    on conflict (project_id) do update set name = excluded.name, series = excluded.series, starts_at = excluded.starts_at,
        ends_at = excluded.ends_at, automatic = excluded.automatic, bases = excluded.bases,
        counting_rule = excluded.counting_rule, version = projects.version + 1
    where not exists (select from rolls where rolls.project_id = projects.project_id)
        or (projects.series, projects.starts_at, projects.ends_at, projects.automatic, projects.bases, projects.counting_rule)
         = (excluded.series, excluded.starts_at, excluded.ends_at, excluded.automatic, excluded.bases, excluded.counting_rule)
""")
SAVE = """
    update projects set total_units = :total_units, total_households = :total_households,
           total_right_holders = :total_right_holders, total_area = :total_area, signed_units = :signed_units,
           signed_households = :signed_households, signed_right_holders = :signed_right_holders, signed_area = :signed_area,
           version = version + 1
    where project_id = :project_id
"""
_SAVE = text(SAVE)
_LATCH = text("""
    insert into latches (district, project_id, reached_at, readings)
    values (:district, :project_id, :reached_at, cast(:readings as jsonb))
""")
_DECLARE = text("""
    insert into declarations (district, project_id, document_number, declared_at, declared_by, automatic)
    values (:district, :project_id, :document_number, :declared_at, :declared_by, :automatic)
""")
_CLOSE = text("""
    insert into closings (district, project_id, reached, closed_at, closed_by)
    values (:district, :project_id, :reached, :closed_at, :closed_by)
""")
# The agreements themselves show what is not settled yet.
_TO_SETTLE = text("""
    select district, project_id from projects
    where (exists (select from declarations where declarations.project_id = projects.project_id)
           or exists (select from closings where closings.project_id = projects.project_id and not reached))
      and exists (select from agreements where agreements.project_id = projects.project_id and state = 'signed')
    order by district, project_id
""")
_DISTRICTS = text("select distinct district from projects")
_COUNTS = ("units", "households", "right_holders", "area")


def find(tx: Transaction, project_id: UUID) -> Project:
    """Without a lock, for decisions that do not depend on the count. Raises Refused: project-unknown."""
    return read(pipeline.together(tx, reading(project_id))[0])


def lock(tx: Transaction, project_id: UUID) -> Project:
    """Raises Refused: project-unknown."""
    tx.connection.execute(_LOCK, {"project_id": project_id})
    return find(tx, project_id)


def share(tx: Transaction, project_id: UUID) -> tuple[Project, datetime]:
    """The project, undecided until the commit, and the database's clock. Raises Refused: project-unknown."""
    _, rows = pipeline.together(tx, Query(_SHARE, {"project_id": project_id}), reading(project_id))
    return read(rows), rows[0].database_at


def reading(project_id: UUID) -> Query:
    """For `read`, and with `database_at`. It stands after the lock, so that it sees what was decided before."""
    return Query(_READ, {"project_id": project_id})


def read(rows: Sequence[Any]) -> Project:
    """Raises Refused: project-unknown."""
    if not rows:
        raise Refused("project-unknown")
    return _project(rows[0])


def put(tx: Transaction, project: Project) -> bool:
    """Saves the registry's data without the count. False when the roll is frozen and the rules are others."""
    row = {"project_id": project.project_id, "name": project.name, "series": list(project.series)}
    period = {"starts_at": project.starts_at, "ends_at": project.ends_at, "automatic": project.automatic}
    bases = json.dumps([vars(basis) for basis in project.bases], ensure_ascii=False)
    rules = {"bases": bases, "counting_rule": project.counting_rule}
    return bool(tx.connection.execute(_PUT, {"district": tx.district, **row, **period, **rules}).rowcount)


def save(tx: Transaction, project: Project) -> None:
    """Call it under the project's lock, so that the version here equals the one in the database. What has happened once is
    written with the event that tells of it.
    """
    tx.write(_SAVE, saved_row(project))
    saved(tx, project)


def saved_row(project: Project) -> dict[str, object]:
    """For SAVE."""
    totals = {f"total_{name}": project.total and getattr(project.total, name) for name in _COUNTS}
    signed = {f"signed_{name}": getattr(project.signed, name) for name in _COUNTS}
    return {"project_id": project.project_id, **totals, **signed}


def saved(tx: Transaction, project: Project) -> None:
    """After SAVE: writes what has happened once."""
    key = {"district": tx.district, "project_id": project.project_id}
    project.version += 1
    new = {type(event) for event in project.recorded}
    if project.latch and ThresholdReached in new:
        readings = json.dumps([_printed(reading) for reading in project.latch.readings], ensure_ascii=False)
        tx.write(_LATCH, {**key, "reached_at": project.latch.reached_at, "readings": readings})
    if project.declaration and EffectDeclared in new:
        tx.write(_DECLARE, {**key, **vars(project.declaration)})
    if project.closing and PeriodClosed in new:
        tx.write(_CLOSE, {**key, **vars(project.closing)})


def to_settle(tx: Transaction) -> list[tuple[str, UUID]]:
    """District and id of each project that has decided, and has agreements that the decision has not reached."""
    return [(row.district, row.project_id) for row in tx.connection.execute(_TO_SETTLE)]


def districts(tx: Transaction) -> set[str]:
    return set(tx.connection.execute(_DISTRICTS).scalars())


def _project(row: Any) -> Project:  # noqa: ANN401 - a row of PROJECT
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


def _declaration(row: Any) -> Declaration | None:  # noqa: ANN401 - a row of PROJECT
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


def _counts(row: Any, prefix: str) -> Counts:  # noqa: ANN401 - a row of PROJECT
    return Counts(**{name: getattr(row, f"{prefix}_{name}") for name in _COUNTS})

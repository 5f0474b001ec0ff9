"""The events of a unit in the registry's own journal: registered, changed, assigned. With who caused each, and by which act.

An event belongs to the correction or act of its trace, or to the import that its correlation id names. An event from before these were
kept has an id and a time, and no author.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import text

from shared.events import topics
from shared.events.registry import UnitAssigned, UnitRegistered
from shared.refusal import Unknown
from shared.service.database import Transaction
from shared.telemetry import tracing

# Assignments are keyed by their project: the bytes of the unit's id find them, without reading each payload as JSON.
_EVENTS = text("""
    select id, event_id, type, headers, convert_from(payload, 'UTF8') as payload from (
        select * from events where topic = :unit_topic and key = cast(:unit_id as text)
        union all
        select * from events where topic = :group_topic and key = cast(:project_id as text) and type = :assigned
            and position(convert_to(cast(:unit_id as text), 'UTF8') in payload) > 0) as of_unit
    where id < :before order by id desc limit :limit
""")
_UNIT = text("select unit_id, project_id, district from units where unit_id = :unit_id")
_CORRECTIONS = text("""
    select correction_id, unit_id, revision, changed, reason, corrected_by, corrected_at, trace_id from corrections
    where unit_id = :unit_id
        or person_id in (select person_id from holders where unit_id = :unit_id) and trace_id = any(:traces)
""")
_IMPORTS = text("""
    select import_id, committed_at, done_by from imports left join acts on acts.of = import_id and acts.kind = 'commit-ordered'
    where import_id = any(:ids) order by act_id
""")
_ASSIGNED = text("""
    select of, done_by, done_at, trace_id from acts where kind = 'units-assigned' and project_id = :project_id and trace_id = any(:traces)
    order by act_id
""")
_GROUPS = text("select group_id, name from groups where project_id = :project_id")
_OFFICERS = text("select staff_id, staff_number, name from officers where project_id = :project_id")
_FACTS: Mapping[str, Literal["registered", "assigned"]] = {
    UnitRegistered.declared.type: "registered",
    UnitAssigned.declared.type: "assigned",
}
LAST = 2**63 - 1


class UnitEvent(BaseModel):
    """`at` is the instant of the act, as its author's page shows it; of an event without one, the instant at which it was written."""

    place: int = Field(description="its place in the registry's journal")
    event_id: UUID
    fact: Literal["registered", "changed", "assigned"]
    at: datetime
    revision: int | None = Field(default=None, description="of the unit, as registered or changed")
    changed: list[str] | None = Field(default=None, description="columns that a correction changed; never their values")
    group_name: str | None = Field(default=None, description="who answers for the unit since then")
    staff_number: str | None = None
    officer_name: str | None = Field(default=None, description="the officer's work name, as on the staff card")
    by: str | None = Field(default=None, description="the member of staff; null for who may not read corrections")
    reason: str | None = Field(default=None, description="of a correction; null for who may not read corrections")
    import_id: UUID | None = Field(default=None, description="the import that brought it")
    correction_id: UUID | None = None
    trace_id: str | None = Field(default=None, description="by which logs and traces name the request")


@dataclass(frozen=True)
class _Known:
    """What the register knows of the acts behind some events."""

    corrections: dict[int, Any]
    renamings: dict[str, Any]
    imports: dict[UUID, Any]
    assigned: dict[tuple[str, UUID], Any]
    groups: dict[UUID, str]
    officers: dict[UUID, Any]


def of(tx: Transaction, unit_id: UUID, *, before: int, limit: int, authors: bool) -> list[UnitEvent]:
    """The newest first. `authors`: with who did it and why. Raises Unknown."""
    unit = tx.connection.execute(_UNIT, {"unit_id": unit_id}).one_or_none()
    if unit is None:
        raise Unknown
    values = {
        "unit_topic": topics.name(unit.district, UnitRegistered.declared.topic),
        "group_topic": topics.name(unit.district, UnitAssigned.declared.topic),
        "assigned": UnitAssigned.declared.type,
        "unit_id": unit_id,
        "project_id": unit.project_id,
    }
    rows = tx.connection.execute(_EVENTS, {**values, "before": before, "limit": limit}).all()
    known = _known(tx, unit, [row.headers for row in rows])
    found = [_event(row, known) for row in rows]
    return found if authors else [event.model_copy(update={"by": None, "reason": None}) for event in found]


def _known(tx: Transaction, unit: Any, headers: Iterable[Mapping[str, str]]) -> _Known:  # noqa: ANN401 - a row
    traces = [trace for kept in headers if (trace := tracing.trace_id_in(kept))]
    ids = [import_id for kept in headers if (import_id := _uuid(kept.get("correlationid")))]
    its = {"unit_id": unit.unit_id, "project_id": unit.project_id, "traces": traces, "ids": ids}
    corrections = tx.connection.execute(_CORRECTIONS, its).all()
    return _Known(
        {row.revision: row for row in corrections if row.unit_id},
        {row.trace_id: row for row in corrections if not row.unit_id},
        {row.import_id: row for row in tx.connection.execute(_IMPORTS, its)},
        {(row.trace_id, row.of): row for row in tx.connection.execute(_ASSIGNED, its)},
        {row.group_id: row.name for row in tx.connection.execute(_GROUPS, its)},
        {row.staff_id: row for row in tx.connection.execute(_OFFICERS, its)},
    )


def _event(row: Any, known: _Known) -> UnitEvent:  # noqa: ANN401 - a row of _EVENTS
    payload, trace = json.loads(row.payload), tracing.trace_id_in(row.headers)
    facts: dict[str, Any] = {"place": row.id, "event_id": row.event_id, "trace_id": trace, "fact": _FACTS[row.type]}
    facts["at"] = row.headers["time"]
    if came := known.imports.get(_uuid(row.headers.get("correlationid")) or row.event_id):
        facts |= {"import_id": came.import_id, "by": came.done_by, "at": came.committed_at}
    if facts["fact"] == "assigned":
        return UnitEvent(**facts | _assignment(payload, trace, known))
    facts["revision"] = payload["revision"]
    if payload["revision"] > 1:
        facts["fact"] = "changed"
    if did := known.corrections.get(payload["revision"]) or known.renamings.get(trace or ""):
        facts |= {"by": did.corrected_by, "at": did.corrected_at, "reason": did.reason, "changed": did.changed}
        facts["correction_id"] = did.correction_id
    return UnitEvent(**facts)


def _assignment(payload: Mapping[str, Any], trace: str | None, known: _Known) -> dict[str, Any]:
    group_id, staff_id = UUID(payload["group_id"]), payload["staff_id"]
    officer = known.officers.get(UUID(staff_id)) if staff_id else None
    facts = {"group_name": known.groups.get(group_id)}
    if officer:
        facts |= {"staff_number": officer.staff_number, "officer_name": officer.name}
    if act := known.assigned.get((trace or "", group_id)):
        facts |= {"by": act.done_by, "at": act.done_at}
    return facts


def _uuid(value: str | None) -> UUID | None:
    try:
        return UUID(value or "")
    except ValueError:
        return None

"""The units that one officer answers for (责任田), each with what decides its next step."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Row, text

from services.signing.domain.agreement import State
from services.signing.domain.stage import Stage, stage
from shared.events.terms import Series
from shared.service.database import Transaction

_MOST = 1_000  # units of one officer; the largest project has 52 for each
_UNITS = text("""
    select cases.*, projects.name as project_name, groups.name as group_name,
           groups.officers ->> cast(staff_id as text) as officer, agreement_id, state, agreement.series, number,
           (select count(*) from case_holders where case_holders.unit_id = cases.unit_id) as right_holders,
           (select string_agg(name, '、' order by position) from case_holders where case_holders.unit_id = cases.unit_id) as names,
           (select count(*) from signatures where signatures.agreement_id = agreement.agreement_id) as signatures
    from groups join assignments on assignments.group_id = groups.group_id
        and cast(assignments.staff_id as text) = groups.staff ->> :staff_number
    join cases using (unit_id) left join projects on projects.project_id = cases.project_id
    left join lateral (
        select agreement_id, state, series from agreements where agreements.unit_id = cases.unit_id
        order by live desc, drafted_at desc limit 1) as agreement on true
    left join numbers using (agreement_id)
    order by compound, length(building), building, floor, length(door), door, unit_id limit :most
""")


class MyUnit(BaseModel):
    """`names` as everybody in signing sees them; `signatures` of the agreement `state`."""

    unit_id: UUID
    project_id: UUID
    project_name: str | None
    compound: str
    building: str
    stairwell: str
    floor: int
    door: str
    right_holders: int
    names: str
    signatures: int
    rights: str
    area_disputed: bool
    stage: Stage
    state: State | None
    series: Series | None
    sequence_number: int | None
    group: str
    officer: str | None


def read(tx: Transaction, staff_number: str) -> list[MyUnit]:
    """By place; none for a reader without a staff number."""
    if not staff_number:
        return []
    rows = tx.connection.execute(_UNITS, {"staff_number": staff_number, "most": _MOST})
    return [_unit(row) for row in rows]


def _unit(row: Row[Any]) -> MyUnit:
    facts = {name: value for name, value in row._asdict().items() if name in MyUnit.model_fields}
    return MyUnit(
        **facts,
        rights=row.rights_state,
        stage=stage(agreement=row.state, rights=row.rights_state),
        sequence_number=row.number,
        group=row.group_name,
    )

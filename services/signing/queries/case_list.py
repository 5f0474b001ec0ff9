"""Cases as rows of a list: place, responsible group and stage."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import Row, text

from services.signing.domain.agreement import State
from services.signing.domain.stage import Stage, stage
from shared.events import place_words
from shared.events.terms import Series
from shared.service import http
from shared.service.database import Transaction

# The stage is derived from the live agreement of a unit, else from its last one.
_FOUND = """
    from cases
    left join lateral (
        select agreement_id, state, series, counts_as_signed from agreements where agreements.unit_id = cases.unit_id
        order by live desc, drafted_at desc limit 1) as agreement on true
    left join numbers using (agreement_id)
    left join assignments on assignments.unit_id = cases.unit_id
    left join groups using (group_id)
    where (cast(:project_id as uuid) is null or cases.project_id = :project_id)
      and (cast(:unit_code as text) is null or starts_with(unit_code, :unit_code))
      and (cast(:group_id as uuid) is null or group_id = :group_id)
      and (cast(:staff_number as text) is null or groups.staff ->> :staff_number = cast(staff_id as text))
      and not exists (select from unnest(cast(:place as text[])) as word
                      where strpos(lower(translate(
                          concat_ws(' ', '', unit_code, compound, regexp_replace(building, '(号楼|號樓)$', '栋'), stairwell, door,
                                    groups.officers ->> cast(staff_id as text), number), :written, :folded)), word) = 0)
"""
_LIST = text(f"""
    select cases.*, agreement_id, state, agreement.series, number,
           (select count(*) from case_holders where case_holders.unit_id = cases.unit_id) as right_holders,
           groups.name as group_name, groups.officers ->> cast(staff_id as text) as officer
    {_FOUND}
      and (cast(:state as text) is null or state = :state)
      and (not :unsigned or counts_as_signed is not true)
      and (not :half_signed or state in ('locked', 'pre_registered')
           and exists (select from signatures where signatures.agreement_id = agreement.agreement_id))
      and (cast(:after_code as text) is null or (unit_code, cases.unit_id) > (:after_code, cast(:after_unit as uuid)))
    order by unit_code, cases.unit_id limit :limit
""")  # noqa: S608 - both parts are written here
_COUNTS = text(f"""
    select count(*) as every, count(*) filter (where state = 'locked') as locked,
           count(*) filter (where counts_as_signed is not true) as unsigned {_FOUND}
""")


class CasesQuery(http.Page):
    project_id: UUID | None = None
    state: State | None = Field(default=None, description="State of the live agreement, else of the last one.")
    unsigned: bool = Field(default=False, description="true: only what is not signed, also where nothing is drafted.")
    half_signed: bool = Field(default=False, description="true: only where somebody has signed and somebody has not.")
    unit_code: str | None = Field(default=None, max_length=60, description="Beginning of the unit's code.")
    place: str | None = Field(
        default=None,
        max_length=120,
        description="Words as people write them, each of which must occur: a place (5-503), a code, a sequence number, an officer.",
    )
    group_id: UUID | None = Field(default=None, description="Of the signing group that answers for the unit.")
    mine: bool = Field(default=False, description="true: only units of the officer whose staff number is the reader's.")


class CaseRow(BaseModel):
    unit_id: UUID
    project_id: UUID
    unit_code: str
    compound: str
    building: str
    stairwell: str
    floor: int
    door: str
    area_hundredths_m2: int
    right_holders: int
    rights: str
    stage: Stage
    agreement_id: UUID | None
    state: State | None
    series: Series | None
    sequence_number: int | None
    group: str | None = Field(description="The signing group that answers for it.")
    officer: str | None


class CaseCounts(BaseModel):
    """Of the cases that the filters leave, whatever their state."""

    every: int
    locked: int
    unsigned: int


def read(tx: Transaction, query: CasesQuery, *, staff_number: str = "") -> list[CaseRow]:
    """Up to one row more than the limit, to show that there is a next page. `staff_number`: the reader's, for `mine`."""
    after = query.after(str, UUID) or (None, None)
    states = {"state": query.state, "unsigned": query.unsigned, "half_signed": query.half_signed}
    place = {"after_code": after[0], "after_unit": after[1], "limit": query.limit + 1}
    rows = tx.connection.execute(_LIST, {**_wanted(query, staff_number), **states, **place})
    return [_row(row) for row in rows]


def counts(tx: Transaction, query: CasesQuery) -> CaseCounts:
    return CaseCounts.model_validate(tx.connection.execute(_COUNTS, _wanted(query, "")).one(), from_attributes=True)


def _wanted(query: CasesQuery, staff_number: str) -> dict[str, Any]:
    words = place_words.words(query.place or "")
    written, folded = place_words.letters_for(words)
    return {
        "project_id": query.project_id,
        "unit_code": query.unit_code,
        "place": words,
        "written": written,
        "folded": folded,
        "group_id": query.group_id,
        "staff_number": staff_number if query.mine else None,
    }


def place(row: CaseRow) -> tuple[str, UUID]:
    """The sort key of a row, for the cursor of the next page."""
    return row.unit_code, row.unit_id


def _row(row: Row[Any]) -> CaseRow:
    return CaseRow(
        unit_id=row.unit_id,
        project_id=row.project_id,
        unit_code=row.unit_code,
        compound=row.compound,
        building=row.building,
        stairwell=row.stairwell,
        floor=row.floor,
        door=row.door,
        area_hundredths_m2=row.area,
        right_holders=row.right_holders,
        rights=row.rights_state,
        stage=stage(agreement=row.state, rights=row.rights_state),
        agreement_id=row.agreement_id,
        state=row.state,
        series=row.series,
        sequence_number=row.number,
        group=row.group_name,
        officer=row.officer,
    )

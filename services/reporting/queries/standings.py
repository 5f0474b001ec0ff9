"""The standing of each project: the count on four bases, the call, the missing units."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import Row, text

from services.reporting.domain.rates import NAMES, Basis
from shared.events import threshold
from shared.events.terms import Basis as BasisName
from shared.events.terms import CountingRule
from shared.service.database import Transaction

RollState = Literal["open", "incomplete", "frozen"]
Call = Literal["waiting", "short", "reached", "effective", "lapsed"]
CALLS: tuple[Call, ...] = get_args(Call)

_STANDINGS = text("""
    select projects.project_id, projects.district, coalesce(districts.name, projects.district) as district_name, projects.name,
           projects.bases, projects.counting_rule, projects.starts_at, projects.ends_at,
           rolls.units as roll_units, rolls.households as roll_households, rolls.right_holders as roll_right_holders,
           rolls.area as roll_area, rolls.matches, rolls.frozen_at,
           coalesce(tallies.units, 0) as own_units,
           coalesce(signed_units, 0) as units, coalesce(signed_households, 0) as households,
           coalesce(signed_right_holders, 0) as right_holders, coalesce(signed_area, 0) as area,
           calls.reached_at, calls.effective_at, calls.document_number, calls.closed_at
    from projects left join districts using (district) left join rolls using (project_id) left join tallies using (project_id)
         left join calls using (project_id)
    where cast(:project_ids as uuid[]) is null or project_id = any(cast(:project_ids as uuid[]))
    order by projects.district, projects.starts_at, projects.project_id
""")


class BasisState(BaseModel):
    """One basis of counting, over the frozen roll."""

    basis: BasisName = Field(description="what is counted; area in 0.01 m²")
    numerator: int = Field(description="signed")
    denominator: int | None = Field(description="the frozen roll; null until our own units give its digest")
    rate: str | None = Field(description="percent with two decimals, cut: 94.996 is 94.99")
    required: bool = Field(description="whether the project's threshold is on this basis")
    percent: int | None = Field(description="the threshold in percent, null where the basis is for reference only")
    legal_ground: str | None = Field(description="the document and clause that set the threshold")
    distance: int | None = Field(
        description="how many are still missing to the line (95 % where none is set); negative: beyond it"
    )
    reached: bool = Field(description="numerator × 100 >= denominator × percent")

    @property
    def hundredths(self) -> int | None:
        """The rate in hundredths of a percent, cut."""
        return threshold.cut(self.numerator, self.denominator)


class ProjectState(BaseModel):
    """A project with its rates. `call` is what signing has declared, apart from the count."""

    project_id: UUID
    district: str
    district_name: str
    name: str
    starts_at: datetime
    ends_at: datetime
    roll: RollState = Field(
        description="open: not frozen yet; incomplete: frozen, our own units do not match yet; frozen: counted over it"
    )
    bases: list[BasisState]
    counting_rule: CountingRule = Field(
        description="a right-holder counts as signed when all their units are, or as soon as any of them is"
    )
    call: Call
    reached_at: datetime | None
    effective_at: datetime | None
    document_number: str | None


class Standing(ProjectState):
    """With what only pages and the day's line need."""

    own_units: int
    closed_at: datetime | None

    def basis(self, name: str) -> BasisState:
        return next(basis for basis in self.bases if basis.basis == name)

    @property
    def required(self) -> list[BasisState]:
        return [basis for basis in self.bases if basis.required]

    @property
    def units_to_go(self) -> int | None:
        units = self.basis("units")
        return None if units.denominator is None else units.denominator - units.numerator


def of(tx: Transaction, project_ids: Sequence[UUID] | None = None) -> list[Standing]:
    """All granted projects, or those named. Sorted by district, then by start of the period."""
    wanted = None if project_ids is None else list(project_ids)
    return [_standing(row) for row in tx.connection.execute(_STANDINGS, {"project_ids": wanted})]


def _standing(row: Row[Any]) -> Standing:
    required = {basis["basis"]: basis for basis in row.bases}
    counted = [
        Basis(
            basis=name,
            numerator=getattr(row, name),
            denominator=getattr(row, f"roll_{name}") if row.matches else None,
            percent=required.get(name, {}).get("percent"),
            legal_ground=required.get(name, {}).get("legal_ground"),
        )
        for name in NAMES
    ]
    shown = [BasisState.model_validate(basis, from_attributes=True) for basis in counted]
    roll: RollState = "frozen" if row.matches else "incomplete" if row.frozen_at else "open"
    derived = {
        "roll": roll,
        "bases": sorted(shown, key=lambda basis: not basis.required),
        "call": _call(row, roll),
    }
    return Standing(**row._asdict() | derived)


def _call(row: Row[Any], roll: RollState) -> Call:
    """The call comes from signing's event. It is never computed from our own count."""
    if row.effective_at:
        return "effective"
    if row.reached_at:
        return "reached"
    if row.closed_at:
        return "lapsed"
    return "short" if roll == "frozen" else "waiting"

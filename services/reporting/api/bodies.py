"""Bodies of the API and the live stream. Areas are integers of 0.01 m², rates are cut to two decimals and never rounded up."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field

from services.reporting.domain.rates import BasisName
from services.reporting.queries import as_of as moment
from services.reporting.queries.cells import Cell
from services.reporting.queries.signings import Signing
from services.reporting.queries.standings import Call, RollState, Standing
from shared.events.stage import Stage
from shared.events.terms import CountingRule
from shared.service import http


class AsOfState(BaseModel):
    """As of when the rest of the answer is right."""

    number: int = Field(
        description="feed number of the district: what has been applied; the sum where districts stand together"
    )
    at: datetime | None = Field(description="instant up to which the answer is complete, null before the first event")
    lag_seconds: float | None = Field(description="how long ago that was")

    @classmethod
    def of(cls, as_of: moment.AsOf) -> Self:
        return cls(number=as_of.number, at=as_of.at, lag_seconds=as_of.lag_seconds)


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

    @classmethod
    def of(cls, standing: Standing) -> Self:
        return cls.model_validate(standing, from_attributes=True)


class Rates(ProjectState):
    as_of: AsOfState


class Projects(BaseModel):
    items: list[ProjectState]
    as_of: AsOfState


class DistrictState(BaseModel):
    district: str
    name: str
    projects: list[ProjectState]
    as_of: AsOfState


class City(BaseModel):
    districts: list[DistrictState]
    as_of: AsOfState


class SigningState(BaseModel):
    """A signing, or the undoing of one as a separate row."""

    agreement_id: UUID
    unit_id: UUID
    fact: Literal["signed", "rescinded", "void"]
    change: Literal[1, -1] = Field(description="-1 for what undoes a signing: it counts on the day it happens")
    series: str
    sequence_number: int
    at: datetime
    owner: str | None = Field(description="masked at the source; null until the unit has arrived")
    compound: str | None
    building: str | None
    stairwell: str | None
    door: str | None

    @classmethod
    def of(cls, signing: Signing) -> Self:
        return cls.model_validate(signing, from_attributes=True)


class SigningPage(http.Paged[SigningState]):
    as_of: AsOfState


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

    @classmethod
    def of(cls, cell: Cell) -> Self:
        named = {name: getattr(cell, name) for name in cls.model_fields if hasattr(cell, name) and name != "owners"}
        return cls(
            **named,
            area_hundredths_m2=cell.area,
            rights=cell.facets.rights,
            agreement=cell.facets.agreement,
            owners=[OwnerState(masked_name=name, share=share) for name, share in cell.owners],
        )


class UnitState(CellState):
    as_of: AsOfState

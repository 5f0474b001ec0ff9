"""What requests bring. What they get is declared beside the queries that read it."""

from typing import Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, model_validator

from shared.events.terms import Basis, Percent, Series
from shared.service.http import Body, Page

Name = Field(min_length=1, max_length=80)


class OpenDistrictBody(Body):
    district: str = Field(pattern=r"^[0-9]{6}$", description="division code at county level, GB/T 2260")
    name: str = Name


class BasisBody(Body):
    basis: Basis
    percent: Percent
    legal_ground: str = Field(min_length=1, max_length=200, description="the document and clause that set it")


class OpenProjectBody(Body):
    name: str = Name
    starts_at: AwareDatetime = Field(description="first instant of the signing period")
    ends_at: AwareDatetime = Field(description="first instant after it")
    bases: tuple[BasisBody, ...] = Field(min_length=1, max_length=4, description="all must be reached, joined by AND")
    series: tuple[Series, ...] = Field(default=("exchange", "cash"), min_length=1)
    counting_rule: Literal["all_units_signed"] = Field(
        default="all_units_signed", description="a right-holder counts as signed when all their units are"
    )
    plan: str | None = Field(default=None, min_length=1, max_length=200, description="the plan's title or number")
    auto_effect: bool = Field(default=False, description="effect follows the threshold without a declaration")


class OfficerBody(Body):
    staff_number: str = Field(min_length=1, max_length=40)
    name: str = Field(min_length=1, max_length=40, description="the name on the staff card")
    subject: str | None = Field(default=None, max_length=200, description="the officer's login, where known")


class FormGroupBody(Body):
    name: str = Name
    officers: tuple[OfficerBody, ...] = Field(default=(), max_length=100)


class AssignBody(Body):
    """Who answers from now on, and for what: either named units or a place."""

    group_id: UUID
    staff_id: UUID | None = Field(
        default=None, description="one of the group's officers; null while only the group does"
    )
    unit_ids: tuple[UUID, ...] | None = Field(default=None, min_length=1, max_length=5_000)
    compound: str | None = Field(default=None, max_length=40, description="all of it, unless building narrows it")
    building: str | None = Field(default=None, max_length=40, description="needs compound")
    stairwell: str | None = Field(default=None, max_length=40, description="needs building")

    @model_validator(mode="after")
    def _one_way_to_say_it(self) -> Self:
        narrowed = (self.compound, self.building, self.stairwell)
        given = [value is not None for value in narrowed]
        if (self.unit_ids is None) != given[0] or given != sorted(given, reverse=True):
            message = "name unit_ids, or a compound, its building, its stairwell"
            raise ValueError(message)
        return self


class FreezeRollBody(Body):
    """Nothing needs to be said: the roll is what the register holds."""


class CommitBody(Body):
    """Nothing needs to be said: what was checked is what is committed."""


class ReasonBody(Body):
    reason: str = Field(min_length=4, max_length=200, description="why; stays in the audit list")


class UnitsQuery(Page):
    compound: str | None = Field(default=None, max_length=40)
    building: str | None = Field(default=None, max_length=40)
    group_id: UUID | None = None


class BuildingsQuery(Page):
    compound: str | None = Field(default=None, max_length=40)


class AssignmentsQuery(Page):
    group_id: UUID | None = None
    staff_id: UUID | None = None
    unassigned: bool = Field(default=False, description="only units that no group answers for")

"""Bodies of requests. Bodies of responses are declared beside their queries."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field
from pydantic_core import PydanticCustomError

from services.registry.domain import disclosed
from services.registry.domain.documents import DocumentType
from services.registry.domain.endpoint import Start
from services.registry.domain.template import OF_UNIT
from services.registry.queries import fields
from shared.events.terms import (
    AgencyId,
    Basis,
    ClientId,
    CountingRule,
    EndpointUrl,
    EventType,
    GrantedAudience,
    Language,
    Ordering,
    Percent,
    Series,
)
from shared.service.http import Body, Page
from shared.text import Line, Written
from shared.together import at_most_one, exactly_one, held, needs

Capacity = Literal["full", "limited", "none"]


def _public(value: str) -> str:
    if disclosed.is_personal(value):
        raise PydanticCustomError("personal-data", "holds a telephone number, a mail address or the number of a paper")
    return value


# Texts on pages and internal topics.
PublicName = Annotated[str, Written(80), AfterValidator(_public)]
PublicLine = Annotated[str, Written(200), AfterValidator(_public)]
Reason = Annotated[str, Written(200, shortest=4)]


class OpenDistrictBody(Body):
    district: str = Field(pattern=r"^[0-9]{6}$", description="division code at county level, GB/T 2260")
    name: PublicName


class BasisBody(Body):
    basis: Basis
    percent: Percent
    legal_ground: PublicLine = Field(description="the document and clause that set it")


class PlannedCountBody(Body):
    at: AwareDatetime = Field(description="within the signing period, later than the point before")
    units: int = Field(ge=0, le=1_000_000, description="units planned to be signed by then; no fewer than before")


class OpenProjectBody(Body):
    name: PublicName
    starts_at: AwareDatetime = Field(description="first instant of the signing period")
    ends_at: AwareDatetime = Field(description="first instant after it")
    bases: tuple[BasisBody, ...] = Field(min_length=1, max_length=4, description="all must be reached, joined by AND")
    series: tuple[Series, ...] = Field(default=("exchange", "cash"), min_length=1)
    counting_rule: CountingRule = Field(
        default="all_units_signed",
        description="a right-holder counts as signed when all their units are, or any of them",
    )
    plan: PublicLine | None = Field(default=None, description="the plan's title or number")
    signing_plan: tuple[PlannedCountBody, ...] = Field(
        default=(), max_length=200, description="the curve that the wall draws beside the count; empty: none"
    )
    auto_effect: bool = Field(default=False, description="effect follows the threshold without a declaration")


class ChangeAgencyBody(Body):
    """The contact is an office, not a person."""

    name: PublicName
    office: Annotated[str, Written(80)] = Field(description="which office answers for the agency's connection")
    email: str | None = Field(
        default=None, pattern=r"^[!-?A-~]{1,64}@[A-Za-z0-9.-]{1,189}$", description="of the office"
    )
    telephone: str | None = Field(default=None, pattern=r"^[+0-9][0-9 -]{2,39}$", description="of the office")
    clients: tuple[ClientId, ...] = Field(
        default=(),
        max_length=20,
        description="who acts for the agency: clients of the identity provider, and its engineers by their subject",
    )


class RegisterAgencyBody(ChangeAgencyBody):
    agency: AgencyId = Field(description="its id, the same in every district: lower-case letters, digits, hyphens")


class GrantBody(Body):
    purpose: PublicLine = Field(description="what the agency does with the events")
    legal_basis: PublicLine = Field(description="the document and clause that allow it")
    audiences: tuple[GrantedAudience, ...] = Field(min_length=1, max_length=2)
    event_types: tuple[EventType, ...] = Field(min_length=1, max_length=100, description="no other type is given")
    starts_at: AwareDatetime = Field(description="first instant of supply; it reaches back to the first event")
    ends_at: AwareDatetime = Field(description="first instant after it")


class ApprovalBody(Body):
    """An empty object: what was proposed is approved as it stands."""


class EndpointBody(Body):
    url: EndpointUrl = Field(description="the address that events are posted to, https")
    event_types: tuple[EventType, ...] = Field(
        default=(), max_length=100, description="of the granted types, only these; left out: all of them"
    )
    ordering: Ordering = Field(
        default="case",
        description="what a failing delivery holds back: later events of its case, of the endpoint, or none",
    )


class RegisterEndpointBody(EndpointBody):
    start: Start = Field(default="now", description="first: from the first event of the district on")


class ChangeEndpointBody(EndpointBody):
    active: bool = Field(default=True, description="false: nothing is sent; the events wait")


class RotateBody(Body):
    overlap_hours: int = Field(
        default=24, ge=0, le=168, description="how long the former secret signs beside the new one"
    )


class OfficerBody(Body):
    staff_number: Annotated[str, Written(40)]
    name: Annotated[str, Written(40), AfterValidator(_public)] = Field(description="the name on the staff card")
    subject: Line | None = Field(default=None, description="the officer's login, where known")


class FormGroupBody(Body):
    name: PublicName
    officers: tuple[OfficerBody, ...] = Field(default=(), max_length=100)


@held(exactly_one("unit_ids", "compound"), needs("compound", "building"), needs("building", "stairwell"))
class AssignBody(Body):
    """The group or officer responsible from now on, and the units: either by id or by place."""

    group_id: UUID
    staff_id: UUID | None = Field(
        default=None, description="one of the group's officers; null while only the group does"
    )
    unit_ids: tuple[UUID, ...] | None = Field(default=None, min_length=1, max_length=5_000)
    compound: str | None = Field(default=None, max_length=40, description="all of it, unless building narrows it")
    building: str | None = Field(default=None, max_length=40, description="needs compound")
    stairwell: str | None = Field(default=None, max_length=40, description="needs building")


class FreezeRollBody(Body):
    """An empty object: the roll is taken from the register."""


class CommitBody(Body):
    """An empty object: the checked rows are committed."""


class AbandonBody(Body):
    """An empty object: the import is abandoned in its current state."""


class ReasonBody(Body):
    reason: Reason = Field(description="why; stays in the audit list")


class SearchNamesBody(ReasonBody):
    name: str = Field(
        min_length=2,
        max_length=80,
        description="how the name begins; width, signs, capitals and traditional forms do not matter",
    )


class PersonBody(Body):
    """A person as their document names them."""

    name: str = Field(min_length=1, max_length=80)
    document_type: DocumentType
    document_number: str = Field(min_length=1, max_length=40)


@held(exactly_one("person_id", "person"), at_most_one("guardian_id", "guardian"))
class HolderBody(Body):
    """Either `person_id`, a registered person, or `person`, a new one. The same for a guardian."""

    person_id: UUID | None = None
    person: PersonBody | None = None
    share: str | None = Field(
        default=None, max_length=40, description="exact fraction, 1/3; only where owned by shares"
    )
    capacity: Capacity | None = Field(default=None, description="none and limited need a guardian; null means full")
    guardian_id: UUID | None = None
    guardian: PersonBody | None = None
    mobile: str | None = Field(default=None, max_length=40, description="of a `person`")
    email: str | None = Field(default=None, max_length=254, description="of a `person`")
    language: Language | None = Field(default=None, description="of a `person`")
    time_zone: str | None = Field(default=None, max_length=64, description="of a `person`, IANA name: Europe/London")


@fields.corrected(OF_UNIT)
@held(needs("floor", "top_floor"))
class CorrectUnitBody(Body):
    """Corrected fields. An omitted field stays; null clears it. `right_holders` replaces all right-holders."""

    reason: Reason = Field(description="why; stays in the unit's list of corrections")
    compound: str | None = Field(default=None, max_length=40)
    building: str | None = Field(default=None, max_length=40)
    floor: int | None = Field(default=None, ge=-9, le=200)
    top_floor: int | None = Field(default=None, ge=-9, le=200, description="of a unit on several storeys; needs floor")
    household: str | None = Field(
        default=None, max_length=40, description="the number that joins units of one household"
    )
    right_holders: tuple[HolderBody, ...] | None = Field(default=None, min_length=1, max_length=200)


class CorrectPersonBody(Body):
    """Corrected fields. An omitted field stays; null clears mobile, email or time_zone."""

    # Do not read the defaults: an omitted field is missing from model_fields_set.

    reason: Reason = Field(description="why; stays in the person's list of corrections")
    name: str = Field(default_factory=str, min_length=1, max_length=80, description="as on the paper")
    mobile: str | None = Field(default=None, max_length=40)
    email: str | None = Field(default=None, max_length=254)
    language: Language = Field(default_factory=lambda: "zh-Hans", description="of messages")
    time_zone: str | None = Field(default=None, max_length=64, description="IANA name: Europe/London")


class TenantBody(PersonBody):
    use: Literal["home", "shop", "storage", "other"] = "home"
    since_on: date | None = None
    until_on: date | None = Field(default=None, description="by contract")
    mobile: str | None = Field(default=None, max_length=40)
    email: str | None = Field(default=None, max_length=254)
    language: Language | None = None
    time_zone: str | None = Field(default=None, max_length=64, description="IANA name: Europe/London")


class EndTenancyBody(Body):
    ended_on: date


class UnitsQuery(Page):
    compound: str | None = Field(default=None, max_length=40)
    building: str | None = Field(default=None, max_length=40)
    group_id: UUID | None = None


class BuildingsQuery(Page):
    compound: str | None = Field(default=None, max_length=40)


class ImportsQuery(Page):
    unfinished: bool = Field(
        default=False,
        description="only imports that wait for a person or the service; one with mistakes waits until a later one is committed",
    )


class AssignmentsQuery(Page):
    group_id: UUID | None = None
    staff_id: UUID | None = None
    unassigned: bool = Field(default=False, description="only units that no group answers for")
    mine: bool = Field(
        default=False, description="only units of the officer whose login or staff number is the reader's"
    )

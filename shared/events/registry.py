"""What the registry tells the world: districts, projects, units, groups, the frozen roll, sealed contacts.

Invariant: a person appears as an id and a masked name; contact details travel sealed (shared/messaging/sealing.py)
and nowhere else.
"""

from typing import Literal
from uuid import UUID

from pydantic import Field

from shared.events.contract import Event, Part, declare
from shared.events.terms import (
    AgencyId,
    AreaHundredths,
    Base64,
    Basis,
    Channel,
    ClientId,
    Code,
    Digest,
    District,
    EndpointUrl,
    EventType,
    GrantedAudience,
    Instant,
    Language,
    MaskedName,
    Ordering,
    Ownership,
    Percent,
    PersonKind,
    Series,
    Share,
    Text,
    Use,
)


@declare("clearwater.registry.district.opened.v1", topic="registry-district")
class DistrictOpened(Event):
    """A district has joined the installation; its topics exist from now on."""

    district: District = Field(description="division code, six digits, GB/T 2260")
    name: Text = Field(description="the district's name in simplified Chinese")


class ThresholdBasis(Part):
    """One of the bases that must all be reached."""

    basis: Basis = Field(description="what is counted")
    percent: Percent = Field(description="share of the whole roll that must have signed, in percent, whole number")
    legal_ground: Text = Field(description="the document and clause that set this basis, printed with the call")


class SigningPeriod(Part):
    """When agreements may be signed: from `starts_at`, before `ends_at`."""

    starts_at: Instant = Field(description="first instant of the period, RFC 3339 in UTC")
    ends_at: Instant = Field(description="first instant after the period, RFC 3339 in UTC")


class PlannedCount(Part):
    """A point of the signing plan: so many units are planned to be signed by this instant."""

    at: Instant = Field(description="the instant, within the signing period, RFC 3339 in UTC")
    units: int = Field(ge=0, description="units planned to be signed by then, counted from the start of the period")


@declare("clearwater.registry.project.opened.v1", topic="registry-project")
class ProjectOpened(Event):
    """A renewal project exists, with the rules by which its signing is counted."""

    project_id: UUID = Field(description="the project")
    district: District = Field(description="division code of the project's district, GB/T 2260")
    name: Text = Field(description="the project's name in simplified Chinese")
    bases: tuple[ThresholdBasis, ...] = Field(min_length=1, description="all of them must be reached, joined by AND")
    signing_period: SigningPeriod = Field(description="the period in which agreements may be signed")
    series: tuple[Series, ...] = Field(min_length=1, description="the sequences of numbers that the project issues")
    auto_effect: bool = Field(description="true: effect is declared by the system as soon as the threshold is reached")
    plan: Text | None = Field(
        default=None, description="title or document number of the renewal plan; null when not given"
    )
    counting_rule: Code = Field(
        default="all_units_signed",
        description="when a right-holder counts as signed; all_units_signed: when every one of their units is; "
        "any_unit_signed: as soon as one of them is; count nothing by a rule that you do not know",
    )
    signing_plan: tuple[PlannedCount, ...] = Field(
        default=(),
        description="how many units are planned to be signed when, later points last; empty: there is no plan",
    )


class RightHolder(Part):
    """One owner of a unit, as the register knows them."""

    person_id: UUID = Field(description="pseudonymous id of the person, the same in every unit they own")
    masked_name: MaskedName = Field(description="name masked at the source, for instance 陈**")
    share: Share | None = Field(
        description="exact fraction as text, 1/3, or 1 for the whole; null where all own jointly"
    )
    capable: bool = Field(description="false: a minor or incapable adult, who signs through a guardian only")
    kind: PersonKind = Field(description="a natural person or an organisation")
    overseas: bool = Field(description="true: lives outside the mainland")


@declare("clearwater.registry.unit.registered.v1", topic="registry-unit")
class UnitRegistered(Event):
    """The full current state of a unit and its right-holders. A correction is the same event with a higher revision."""

    project_id: UUID = Field(description="the project that the unit belongs to")
    unit_id: UUID = Field(description="the unit")
    revision: int = Field(ge=1, description="1 for the first registration, one more with every correction")
    unit_code: Text = Field(description="the unit's code in the field, unique in the project")
    compound: Text = Field(description="name of the compound")
    building: Text = Field(description="number or name of the building within the compound")
    stairwell: str = Field(max_length=40, description="number or name of the stairwell; empty when there is only one")
    floor: int = Field(
        ge=-9, le=200, description="storey, ground floor 1, first basement -1; the lowest one of several"
    )
    top_floor: int | None = Field(
        default=None, ge=-9, le=200, description="the highest storey of a unit on several; null for a unit on one"
    )
    door: Text = Field(description="door number as on the wall; doors of a merged unit joined by 、")
    area_hundredths_m2: AreaHundredths = Field(description="registered gross area in units of 0.01 m²")
    use: Use = Field(description="registered use of the unit")
    household_id: UUID = Field(
        description="the household that the unit belongs to; one household may have several units"
    )
    ownership: Ownership = Field(description="one owner, all own the whole together, or owners by exact shares")
    right_holders: tuple[RightHolder, ...] = Field(min_length=1, description="all right-holders of the unit")
    after_freeze: bool = Field(
        default=False,
        description="true: put right after the roll was frozen; the roll goes on to hold the highest revision before that",
    )


class Officer(Part):
    """A member of a signing group, under the name worn on the staff card."""

    staff_id: UUID = Field(description="the member of staff")
    name: Text = Field(description="work name or masked name, as the registry publishes it")
    staff_number: Text | None = Field(
        default=None,
        description="the number on the staff card, unique in the project; it is also a claim of their login",
    )


@declare("clearwater.registry.group.formed.v1", topic="registry-group")
class GroupFormed(Event):
    """A signing group as it now stands. A later event of the same group replaces the earlier one."""

    project_id: UUID = Field(description="the project that the group works for")
    group_id: UUID = Field(description="the group")
    name: Text = Field(description="the group's name, unique in the project")
    officers: tuple[Officer, ...] = Field(description="all its officers")


@declare("clearwater.registry.unit.assigned.v1", topic="registry-group")
class UnitAssigned(Event):
    """A unit is now the responsibility of a group and, where named, of one officer."""

    project_id: UUID = Field(description="the project of the unit and the group")
    unit_id: UUID = Field(description="the unit")
    group_id: UUID = Field(description="the group that answers for the unit")
    staff_id: UUID | None = Field(description="the officer who answers for the unit; null while only the group does")


class Totals(Part):
    """The four denominators of a roll."""

    units: int = Field(ge=0, description="number of units")
    households: int = Field(ge=0, description="number of distinct households")
    right_holders: int = Field(ge=0, description="number of distinct persons; one who owns several units counts once")
    area_hundredths_m2: AreaHundredths = Field(description="sum of registered gross areas in units of 0.01 m²")


@declare("clearwater.registry.roll.frozen.v1", topic="registry-project")
class RollFrozen(Event):
    """The roll that every rate is counted over. Nothing is evaluated until the reader's own roll gives this digest."""

    project_id: UUID = Field(description="the project")
    totals: Totals = Field(description="the four denominators over all units of the roll")
    digest: Digest = Field(
        description="SHA-256 of the roll, 64 lower-case hexadecimal digits; EVENTS.md says how to compute it"
    )
    frozen_at: Instant = Field(description="when the roll was frozen, RFC 3339 in UTC")


class Sealed(Part):
    """A ciphertext: AES-256-GCM under the data key of the person."""

    key_id: UUID = Field(description="the data key; a reader that does not have it yet waits for it")
    nonce: Base64 = Field(description="96-bit nonce, base64, fresh for every sealing")
    ciphertext: Base64 = Field(description="ciphertext with its 128-bit tag, base64")


class ContactDetails(Part):
    """What a sealed contact says once it is opened. Never on the bus in clear."""

    name: Text = Field(description="full name")
    mobile: str | None = Field(max_length=20, description="mobile number, +86… or other E.164; null when there is none")
    email: str | None = Field(max_length=254, description="mail address; null when there is none")
    language: Language = Field(description="the language that messages are written in")
    channels: tuple[Channel, ...] = Field(description="preferred channels, the first one first")
    time_zone: str | None = Field(
        default=None,
        max_length=64,
        description="the person's time zone by its IANA name, Europe/London; null where nobody has said one",
    )


@declare("clearwater.registry.contact.recorded.v1", topic="registry-contact")
class ContactRecorded(Event):
    """How a person can be reached, sealed for the services that write to them. Replaces what was recorded before."""

    person_id: UUID = Field(description="the person")
    sealed: Sealed = Field(description="the contact details, sealed with the person's data key")


@declare(
    "clearwater.registry.key.wrapped.v1",
    topic="registry-key",
)
class KeyWrapped(Event):
    """The data key of a person, wrapped once for each reading service."""

    person_id: UUID = Field(description="the person")
    key_id: UUID = Field(description="the data key")
    wrapped: dict[str, Base64] = Field(description="reading service → the data key wrapped for its public key, base64")


@declare(
    "clearwater.registry.key.deleted.v1",
    topic="registry-key",
    tombstone=True,
)
class KeyDeleted(Event):
    """The data key of a person is gone; every reader drops its copy. A record without a value (a tombstone)."""

    person_id: UUID = Field(description="the person, from the record's key")


@declare("clearwater.registry.agency.registered.v1", topic="registry-agency")
class AgencyRegistered(Event):
    """Another government system as it is known in this district. A later event of the same agency replaces the earlier one."""

    agency: AgencyId = Field(description="the agency's id, the same in every district")
    revision: int = Field(ge=1, description="1 for the first registration, one more with every change")
    name: Text = Field(description="the agency's name")
    clients: tuple[ClientId, ...] = Field(
        description="who acts for the agency: clients of the identity provider, and its engineers by their subject"
    )


class Terms(Part):
    """What a grant allows, why, and when."""

    purpose: Text = Field(description="what the agency does with the events")
    legal_basis: Text = Field(description="the document and clause that allow it")
    audiences: tuple[GrantedAudience, ...] = Field(
        min_length=1, description="audiences of the topics; restricted ones are never granted"
    )
    event_types: tuple[EventType, ...] = Field(min_length=1, description="the types of event; no other leaves")
    starts_at: Instant = Field(
        description="first instant of supply, RFC 3339 in UTC; it reaches back to the first event"
    )
    ends_at: Instant = Field(description="first instant after it, RFC 3339 in UTC")


@declare("clearwater.registry.grant.proposed.v1", topic="registry-agency")
class GrantProposed(Event):
    """Somebody has proposed to give an agency events of this district. Nothing is given before GrantApproved."""

    agency: AgencyId = Field(description="the agency")
    grant_id: UUID = Field(description="the grant")
    terms: Terms = Field(description="what is proposed")


@declare("clearwater.registry.grant.approved.v1", topic="registry-agency")
class GrantApproved(Event):
    """A second person has approved a grant: the agency may have these events of this district from now on."""

    agency: AgencyId = Field(description="the agency")
    grant_id: UUID = Field(description="the grant")
    terms: Terms = Field(description="what is granted, as it was proposed")


@declare("clearwater.registry.grant.revoked.v1", topic="registry-agency")
class GrantRevoked(Event):
    """A grant, or its proposal, has ended before its time. Nothing more is given under it."""

    agency: AgencyId = Field(description="the agency")
    grant_id: UUID = Field(description="the grant")
    reason: Text = Field(description="why")
    revoked_at: Instant = Field(description="when, RFC 3339 in UTC")


class SigningSecret(Part):
    """A secret that signs what is sent to an endpoint, sealed for the one service that sends."""

    key_id: UUID = Field(description="the secret; the same in every later event of the endpoint")
    sealed: Base64 = Field(description="the secret, sealed for reporting with HPKE (RFC 9180), base64")
    ends_at: Instant | None = Field(description="it signs until then, RFC 3339 in UTC; null while no newer one exists")


@declare("clearwater.registry.endpoint.registered.v1", topic="registry-agency")
class EndpointRegistered(Event):
    """Where an agency wants its events sent, as it stands now. A later event of the same endpoint replaces the earlier one."""

    agency: AgencyId = Field(description="the agency")
    endpoint_id: UUID = Field(description="the endpoint")
    revision: int = Field(ge=1, description="1 for the first registration, one more with every change")
    url: EndpointUrl = Field(description="the address that events are posted to")
    event_types: tuple[EventType, ...] = Field(description="of the granted types, only these; empty: all of them")
    ordering: Ordering = Field(
        description="what a failing delivery holds back: the later events of its case, of the endpoint, or none"
    )
    start: Literal["first", "now"] = Field(
        description="first: from the first event of the district on; now: from the registration on"
    )
    active: bool = Field(description="false: nothing is sent; the events wait")
    secrets: tuple[SigningSecret, ...] = Field(
        min_length=1, max_length=2, description="the secrets that sign, the newest one first"
    )
    registered_at: Instant = Field(description="when it was registered first, RFC 3339 in UTC")


@declare("clearwater.registry.endpoint.removed.v1", topic="registry-agency")
class EndpointRemoved(Event):
    """An endpoint exists no longer. Nothing more is sent to it."""

    agency: AgencyId = Field(description="the agency")
    endpoint_id: UUID = Field(description="the endpoint")
    removed_at: Instant = Field(description="when, RFC 3339 in UTC")

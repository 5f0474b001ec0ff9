"""What signing tells the world. A unit's story is keyed by unit and stays in order; the rest by project.

Invariant: one unit has one case, so the unit's id names the case. The events on `signing-project` are public: counts
and decisions, no unit and no person.
Long, as one module per emitting service is what a reader looks for.
"""

from uuid import UUID

from pydantic import Field

from shared.events.contract import Event, Part, declare
from shared.events.terms import (
    AreaHundredths,
    Basis,
    Code,
    Day,
    Digest,
    Fen,
    Instant,
    Ownership,
    Percent,
    Series,
    Share,
    StaffId,
    Text,
)

_PROJECT = "the project"
_UNIT = "the unit, which also names its case"
_AGREEMENT = "the agreement"
_NUMBER = "gap-free in project and series, in commit order, never reused"


@declare("clearwater.signing.case.opened.v1", topic="signing-case")
class CaseOpened(Event):
    """A unit has a case from now on: the file in which everything about it is recorded."""

    project_id: UUID = Field(description=_PROJECT)
    unit_id: UUID = Field(description=_UNIT)
    opened_at: Instant = Field(description="when the case was opened, RFC 3339 in UTC")


@declare("clearwater.signing.rights.reviewing.v1", topic="signing-case")
class RightsReviewing(Event):
    """Somebody has taken up the question who owns the unit. Also how a dispute goes back to work."""

    project_id: UUID = Field(description=_PROJECT)
    unit_id: UUID = Field(description=_UNIT)
    reviewing_at: Instant = Field(description="when it was taken up, RFC 3339 in UTC")


class ConfirmedHolder(Part):
    """One right-holder as confirmed."""

    person_id: UUID = Field(description="pseudonymous id of the person")
    share: Share | None = Field(
        description="exact fraction as text, 1/3, or 1 for the whole; null where all own jointly"
    )


@declare("clearwater.signing.rights.confirmed.v1", topic="signing-case")
class RightsConfirmed(Event):
    """Who owns the unit is confirmed. All of them must sign."""

    project_id: UUID = Field(description=_PROJECT)
    unit_id: UUID = Field(description=_UNIT)
    revision: int = Field(ge=1, description="the revision of the unit's registration that was confirmed")
    ownership: Ownership = Field(description="one owner, all own the whole together, or owners by exact shares")
    right_holders: tuple[ConfirmedHolder, ...] = Field(min_length=1, description="all right-holders as confirmed")
    confirmed_at: Instant = Field(description="when the rights were confirmed, RFC 3339 in UTC")


@declare("clearwater.signing.rights.disputed.v1", topic="signing-case")
class RightsDisputed(Event):
    """Who owns the unit is in dispute, which blocks signing until rights are confirmed again."""

    project_id: UUID = Field(description=_PROJECT)
    unit_id: UUID = Field(description=_UNIT)
    reason: Code = Field(description="code of the reason, for instance inheritance or registration_changed")
    disputed_at: Instant = Field(description="when the dispute was recorded, RFC 3339 in UTC")


@declare("clearwater.signing.agreement.drafted.v1", topic="signing-case")
class AgreementDrafted(Event):
    """An agreement has been drawn up. A unit has at most one live agreement."""

    project_id: UUID = Field(description=_PROJECT)
    unit_id: UUID = Field(description=_UNIT)
    agreement_id: UUID = Field(description=_AGREEMENT)
    series: Series = Field(
        description="the queue in which it will take a number; mixed compensation counts as exchange"
    )
    drafted_at: Instant = Field(description="when it was drafted, RFC 3339 in UTC")
    compensation_fen: Fen | None = Field(
        default=None, description="total compensation in fen; null until it is calculated"
    )


@declare("clearwater.signing.agreement.revised.v1", topic="signing-case")
class AgreementRevised(Event):
    """The terms of an open agreement were changed: it is a draft again, and must be reviewed again."""

    project_id: UUID = Field(description=_PROJECT)
    unit_id: UUID = Field(description=_UNIT)
    agreement_id: UUID = Field(description=_AGREEMENT)
    series: Series = Field(description="the queue in which it will take a number, with the new terms")
    revised_at: Instant = Field(description="when the terms were changed, RFC 3339 in UTC")
    compensation_fen: Fen = Field(description="total compensation in fen, with the new terms")


@declare("clearwater.signing.agreement.reviewed.v1", topic="signing-case")
class AgreementReviewed(Event):
    """The draft has passed review."""

    project_id: UUID = Field(description=_PROJECT)
    unit_id: UUID = Field(description=_UNIT)
    agreement_id: UUID = Field(description=_AGREEMENT)
    reviewed_at: Instant = Field(description="when it was reviewed, RFC 3339 in UTC")


@declare("clearwater.signing.agreement.returned.v1", topic="signing-case")
class AgreementReturned(Event):
    """An open agreement went back to the household, unsigned; the unit is free for another draft."""

    project_id: UUID = Field(description=_PROJECT)
    unit_id: UUID = Field(description=_UNIT)
    agreement_id: UUID = Field(description=_AGREEMENT)
    reason: Code = Field(description="code of the reason")
    returned_at: Instant = Field(description="when it was returned, RFC 3339 in UTC")


@declare("clearwater.signing.agreement.locked.v1", topic="signing-case")
class AgreementLocked(Event):
    """Inputs and rule-set version are frozen; the agreement is ready to be signed."""

    project_id: UUID = Field(description=_PROJECT)
    unit_id: UUID = Field(description=_UNIT)
    agreement_id: UUID = Field(description=_AGREEMENT)
    rule_set_version: Text = Field(description="version of the rule set that the terms were calculated with")
    terms_digest: Digest = Field(description="SHA-256 of the frozen terms, 64 lower-case hexadecimal digits")
    locked_at: Instant = Field(description="when it was locked, RFC 3339 in UTC")


@declare("clearwater.signing.agreement.unlocked.v1", topic="signing-case")
class AgreementUnlocked(Event):
    """A locked agreement may be changed again. A privilege that needs a reason."""

    project_id: UUID = Field(description=_PROJECT)
    unit_id: UUID = Field(description=_UNIT)
    agreement_id: UUID = Field(description=_AGREEMENT)
    reason: Code = Field(description="code of the reason")
    unlocked_at: Instant = Field(description="when it was unlocked, RFC 3339 in UTC")


@declare("clearwater.signing.agreement.preregistered.v1", topic="signing-case")
class AgreementPreRegistered(Event):
    """The household has declared that it will sign. Not a signing: no number, no count."""

    project_id: UUID = Field(description=_PROJECT)
    unit_id: UUID = Field(description=_UNIT)
    agreement_id: UUID = Field(description=_AGREEMENT)
    pre_registered_at: Instant = Field(description="when it was declared, RFC 3339 in UTC")


@declare("clearwater.signing.agreement.superseded.v1", topic="signing-case")
class AgreementSuperseded(Event):
    """Another agreement, drafted in the same moment, takes the place of this locked and unsigned one."""

    project_id: UUID = Field(description=_PROJECT)
    unit_id: UUID = Field(description=_UNIT)
    agreement_id: UUID = Field(description=_AGREEMENT)
    successor: UUID = Field(description="the agreement that takes its place; its agreement.drafted follows")
    reason: Code = Field(description="code of the reason")
    superseded_at: Instant = Field(description="when it was superseded, RFC 3339 in UTC")


@declare("clearwater.signing.agreement.signed.v1", topic="signing-case")
class AgreementSigned(Event):
    """Every right-holder has signed. From this moment the agreement holds its place in the series."""

    project_id: UUID = Field(description=_PROJECT)
    unit_id: UUID = Field(description=_UNIT)
    agreement_id: UUID = Field(description=_AGREEMENT)
    series: Series = Field(description="the queue that the number belongs to")
    sequence_number: int = Field(ge=1, description=_NUMBER)
    signed_at: Instant = Field(description="when the last signature was taken, RFC 3339 in UTC; rises with the number")
    area_hundredths_m2: AreaHundredths = Field(description="registered gross area of the unit in units of 0.01 m²")
    right_holders: tuple[UUID, ...] = Field(
        min_length=1, description="ids of all persons who signed or were signed for"
    )
    taken_by: StaffId | None = Field(
        default=None,
        description="internal id of the member of staff who took the last signature; null when it is not known, or no plain id",
    )
    desk: Text | None = Field(default=None, description="the desk at which that was, where it is known")


@declare("clearwater.signing.agreement.rescinded.v1", topic="signing-case")
class AgreementRescinded(Event):
    """A signed agreement is undone. Counts as a negative on the day it happens; its number stays used, detached."""

    project_id: UUID = Field(description=_PROJECT)
    unit_id: UUID = Field(description=_UNIT)
    agreement_id: UUID = Field(description=_AGREEMENT)
    series: Series = Field(description="the queue that the number belongs to")
    sequence_number: int = Field(ge=1, description="the number that it held; nobody else will get it")
    reason: Code = Field(description="code of the reason")
    rescinded_at: Instant = Field(description="when it was rescinded, RFC 3339 in UTC")


@declare("clearwater.signing.agreement.void.v1", topic="signing-case")
class AgreementVoid(Event):
    """The period ended without the threshold: the agreement never takes effect and certificates are returned."""

    project_id: UUID = Field(description=_PROJECT)
    unit_id: UUID = Field(description=_UNIT)
    agreement_id: UUID = Field(description=_AGREEMENT)
    void_at: Instant = Field(description="when it became void, RFC 3339 in UTC")


@declare("clearwater.signing.agreement.effective.v1", topic="signing-case")
class AgreementEffective(Event):
    """The agreement has taken effect, by the project's declaration. Clocks for moving and paying start then."""

    project_id: UUID = Field(description=_PROJECT)
    unit_id: UUID = Field(description=_UNIT)
    agreement_id: UUID = Field(description=_AGREEMENT)
    effective_at: Instant = Field(description="the later of the declaration's instant and the signing, RFC 3339 in UTC")
    declaration: Text = Field(description="document number of the declaration of effect")


@declare("clearwater.signing.agreement.performed.v1", topic="signing-case")
class AgreementPerformed(Event):
    """Both sides have done what the agreement says. It goes on to count as signed, and is not rescinded any more."""

    project_id: UUID = Field(description=_PROJECT)
    unit_id: UUID = Field(description=_UNIT)
    agreement_id: UUID = Field(description=_AGREEMENT)
    performed_at: Instant = Field(description="when that was recorded, RFC 3339 in UTC")


class ReachedBasis(Part):
    """One basis at the moment of the call: signed * 100 >= total * percent."""

    basis: Basis = Field(description="what is counted")
    signed: int = Field(ge=0, description="signed so far, in the basis's own unit; area in units of 0.01 m²")
    total: int = Field(ge=1, description="the whole frozen roll, in the basis's own unit; area in units of 0.01 m²")
    percent: Percent = Field(description="the threshold in percent, whole number")
    legal_ground: Text = Field(description="the document and clause that set this basis")


@declare("clearwater.signing.threshold.reached.v1", topic="signing-project")
class ThresholdReached(Event):
    """Every basis has reached its threshold. Latched: a later rescission does not undo it."""

    project_id: UUID = Field(description=_PROJECT)
    bases: tuple[ReachedBasis, ...] = Field(min_length=1, description="all bases of the project, each with its count")
    reached_at: Instant = Field(description="instant of the signing that completed it, RFC 3339 in UTC")
    roll_digest: Digest = Field(description="digest of the roll that was counted over, as in roll.frozen")
    counting_rule: Code = Field(
        default="all_units_signed", description="the rule by which right-holders were counted, as in project.opened"
    )


@declare("clearwater.signing.effect.declared.v1", topic="signing-project")
class EffectDeclared(Event):
    """The project has declared its agreements effective: all signed ones together, later ones as they are signed."""

    project_id: UUID = Field(description=_PROJECT)
    document_number: Text = Field(description="number of the decision")
    effective_at: Instant = Field(description="the instant from which agreements are effective, RFC 3339 in UTC")
    automatic: bool = Field(description="true: declared by the system under the project's rule, not by a person")


@declare("clearwater.signing.period.closed.v1", topic="signing-project")
class PeriodClosed(Event):
    """The signing period is over. Without the threshold all agreements become void."""

    project_id: UUID = Field(description=_PROJECT)
    threshold_reached: bool = Field(description="whether every basis had reached its threshold")
    closed_at: Instant = Field(description="end of the period, RFC 3339 in UTC")


class SeriesFigures(Part):
    """What one series did on the day."""

    series: Series = Field(description="the queue")
    signed: int = Field(ge=0, description="agreements signed on that day")
    undone: int = Field(ge=0, description="agreements rescinded or void on that day, whatever day they were signed")
    effective: int = Field(ge=0, description="agreements that took effect on that day")
    last_number: int = Field(ge=0, description="the last number given by the end of the day; 0 before the first")
    in_force: int | None = Field(
        default=None,
        ge=0,
        description="agreements signed and neither rescinded nor void by the end of the day, whether the roll has matched or not; "
        "null in events from before this was counted",
    )


class BasisFigures(Part):
    """What the day did to one basis, counted over the frozen roll."""

    basis: Basis = Field(description="what is counted")
    change: int = Field(description="what the day changed, in the basis's own unit; area in units of 0.01 m²")
    signed: int = Field(ge=0, description="signed by the end of the day, in the basis's own unit")
    total: int | None = Field(ge=0, description="the whole frozen roll; null while it has not been matched")


@declare("clearwater.signing.day.closed.v1", topic="signing-project")
class DayClosed(Event):
    """The figures of a business day, frozen. Published again with the next restatement when something became known later."""

    project_id: UUID = Field(description=_PROJECT)
    business_on: Day = Field(description="the day in Asia/Shanghai, YYYY-MM-DD")
    restatement: int = Field(ge=0, description="0 for the first closing of the day; that one is never taken back")
    as_of: int = Field(ge=0, description="the project's feed number up to which facts are in these figures")
    series: tuple[SeriesFigures, ...] = Field(description="per series that has given a number; empty before the first")
    bases: tuple[BasisFigures, ...] = Field(min_length=1, description="all four bases")
    counting_rule: Code = Field(
        default="all_units_signed", description="the rule by which right-holders were counted, as in project.opened"
    )
    closed_at: Instant = Field(description="when the day was closed, RFC 3339 in UTC")

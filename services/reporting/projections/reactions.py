"""The reactions by event. An event that changes no screen is also decoded and numbered, for the exchange log.

Invariant: after every batch the tallies of its projects are right, in the live model and in a shadow. A batch that changes no count
starts no counting. The feed belongs to the live consumer alone (feed_entries.py).
"""

from typing import Any, Final

from services.reporting.projections import agencies, cases, days, districts, endpoints, groups, projects, tallies, units
from shared.events import catalogue, topics
from shared.events.contract import Event
from shared.events.registry import (
    AgencyRegistered,
    DistrictOpened,
    EndpointRegistered,
    EndpointRemoved,
    GrantApproved,
    GrantRevoked,
    GroupFormed,
    ProjectOpened,
    RollFrozen,
    UnitAssigned,
    UnitRegistered,
)
from shared.events.signing import (
    AgreementRescinded,
    AgreementSigned,
    AgreementVoid,
    DayClosed,
    EffectDeclared,
    PeriodClosed,
    ThresholdReached,
)
from shared.messaging.reactions import Batch, Reactions, on, table
from shared.service.database import Transaction

CONSUMER = "reporting"
# Counting reads the whole project, and most events of a case change no count.
_COUNTED: Final[tuple[type[Event], ...]] = (
    *(ProjectOpened, UnitRegistered, RollFrozen),
    *(AgreementSigned, AgreementRescinded, AgreementVoid),  # what takes effect or is performed was signed before
)
TOPICS = topics.read_by(CONSUMER)


def reactions() -> Reactions:
    """For the consumer. Of several reactions to one event, the later finds what the earlier has written."""
    unseen = table(*(on(event, when_no_screen_changes_leave_it_to_the_log) for event in WITHOUT_SCREEN))
    return {**_of_screens(), **unseen, **_of_agencies()}


def _of_agencies() -> Reactions:
    return table(
        on(AgencyRegistered, agencies.when_agency_registered_note_its_clients),
        on(GrantApproved, agencies.when_grant_approved_keep_it),
        on(GrantRevoked, agencies.when_grant_revoked_end_it),
        on(EndpointRegistered, endpoints.when_endpoint_registered_keep_it),
        on(EndpointRemoved, endpoints.when_endpoint_removed_forget_it),
    )


def _of_screens() -> Reactions:
    return table(
        on(DistrictOpened, districts.when_district_opened_list_it),
        on(ProjectOpened, projects.when_project_opened_list_it),
        on(RollFrozen, projects.when_roll_frozen_take_its_totals),
        on(UnitRegistered, units.when_unit_registered_draw_it),
        on(GroupFormed, groups.when_group_formed_list_it),
        on(UnitAssigned, groups.when_unit_assigned_note_its_group),
        on(ThresholdReached, projects.when_threshold_reached_note_the_call),
        on(EffectDeclared, projects.when_effect_declared_note_the_decision),
        on(PeriodClosed, projects.when_period_closed_note_the_end),
        on(DayClosed, days.when_day_closed_keep_its_figures),
        *(on(changed, cases.when_case_changed_note_its_facets) for changed in cases.FACETS_OF),
        *(on(changed, cases.when_case_changed_note_the_step) for changed in cases.FACETS_OF),
        on(AgreementSigned, cases.when_agreement_signed_list_the_signing),
        on(AgreementRescinded, cases.when_agreement_rescinded_list_the_undoing),
        on(AgreementVoid, cases.when_agreement_void_list_the_undoing),
        *(on(counted, when_count_may_change_count_anew) for counted in _COUNTED),
    )


def when_count_may_change_count_anew(tx: Transaction, batch: Batch[Any]) -> None:
    tallies.settle(tx, {event.project_id for event in batch.events})


def when_no_screen_changes_leave_it_to_the_log(tx: Transaction, batch: Batch[Any]) -> None:
    """Its events are decoded and counted like all others; exchange.py puts them into the log."""


# Every event of our topics that no screen shows.
WITHOUT_SCREEN: Final = frozenset(
    event for event in catalogue.events() if event.declared.topic in TOPICS and event.declared.type not in _of_screens()
)

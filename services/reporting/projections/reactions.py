"""The handlers by event type. An event that is not listed changes no screen and is skipped.

Stays true: after every batch the tallies of its projects are right, in the live model and in a shadow. A batch that changes no count
starts no counting. The feed belongs to the live consumer alone (feed_entries.py).
"""

from collections.abc import Sequence

from services.reporting.projections import batch, cases, districts, groups, projects, tallies, units
from shared.events import topics
from shared.events.contract import Event
from shared.events.registry import DistrictOpened, GroupFormed, ProjectOpened, RollFrozen, UnitAssigned, UnitRegistered
from shared.events.signing import (
    AgreementRescinded,
    AgreementSigned,
    AgreementVoid,
    EffectDeclared,
    PeriodClosed,
    ThresholdReached,
)
from shared.messaging.consumer import Reaction, Reactions
from shared.messaging.ports import Message
from shared.service.database import Transaction

CONSUMER = "reporting"
# Counting reads the whole project, and most events of a case change no count.
_COUNTED = (
    *(ProjectOpened, UnitRegistered, RollFrozen),
    *(AgreementSigned, AgreementRescinded, AgreementVoid),  # what takes effect or is performed was signed before
)
TOPICS = topics.read_by(CONSUMER)


def reactions() -> Reactions:
    """Handlers by event type, for the consumer."""
    by_event: dict[type[Event], Reaction] = {
        DistrictOpened: districts.when_district_opened_list_it,
        ProjectOpened: projects.when_project_opened_list_it,
        RollFrozen: projects.when_roll_frozen_take_its_totals,
        UnitRegistered: units.when_unit_registered_draw_it,
        GroupFormed: groups.when_group_formed_list_it,
        UnitAssigned: groups.when_unit_assigned_note_its_group,
        ThresholdReached: projects.when_threshold_reached_note_the_call,
        EffectDeclared: projects.when_effect_declared_note_the_decision,
        PeriodClosed: projects.when_period_closed_note_the_end,
    }
    by_event.update(cases.reactions())
    return {event.declared.type: _tallied(event, reaction) for event, reaction in by_event.items()}


def _tallied(kind: type[Event], reaction: Reaction) -> Reaction:
    if kind not in _COUNTED:
        return reaction

    def project_then_count(tx: Transaction, messages: Sequence[Message]) -> None:
        reaction(tx, messages)
        tallies.settle(tx, {event.model_dump()["project_id"] for event in batch.events(kind, messages)})

    return project_then_count

"""Reactions to other services' events, one file each, and the table from event to reaction."""

from services.signing.consumers.when_group_formed_keep_it import when_group_formed_keep_it
from services.signing.consumers.when_project_opened_keep_its_rules import when_project_opened_keep_its_rules
from services.signing.consumers.when_roll_frozen_await_its_units import when_roll_frozen_await_its_units
from services.signing.consumers.when_unit_assigned_keep_who_answers import when_unit_assigned_keep_who_answers
from services.signing.consumers.when_unit_registered_open_its_case import when_unit_registered_open_its_case
from shared.events import topics
from shared.events.registry import GroupFormed, ProjectOpened, RollFrozen, UnitAssigned, UnitRegistered
from shared.messaging.reactions import Reactions, on, table
from shared.service.clock import Clock

CONSUMER = "signing"
KINDS = topics.read_by(CONSUMER)


def reactions(clock: Clock) -> Reactions:
    return table(
        on(UnitRegistered, when_unit_registered_open_its_case, clock=clock),
        on(ProjectOpened, when_project_opened_keep_its_rules),
        on(RollFrozen, when_roll_frozen_await_its_units),
        on(GroupFormed, when_group_formed_keep_it),
        on(UnitAssigned, when_unit_assigned_keep_who_answers),
    )

"""One file per handler, and the table from event type to handler."""

from collections.abc import Mapping
from functools import partial

from services.notify.consumers.when_contact_recorded_keep_it_sealed import when_contact_recorded_keep_it_sealed
from services.notify.consumers.when_fact_told_plan_messages import when_fact_told_plan_messages
from services.notify.consumers.when_key_changed_keep_or_forget import when_key_deleted_forget, when_key_wrapped_keep_it
from services.notify.consumers.when_project_opened_note_it import when_project_opened_note_it
from services.notify.consumers.when_unit_registered_note_it import when_unit_registered_note_it
from services.notify.domain import rules
from services.notify.store.contacts import Opener
from shared.events import topics
from shared.events.registry import ContactRecorded, KeyDeleted, KeyWrapped, ProjectOpened, UnitRegistered
from shared.messaging.consumer import Reaction
from shared.service.clock import Clock

CONSUMER = "notify"
KINDS = topics.read_by(CONSUMER)


def reactions(*, opener: Opener, clock: Clock) -> Mapping[str, Reaction]:
    """Handlers by event type. Other events are skipped."""
    planning = partial(when_fact_told_plan_messages, opener=opener, clock=clock)
    return {
        ProjectOpened.declared.type: partial(when_project_opened_note_it, opener=opener, clock=clock),
        UnitRegistered.declared.type: partial(when_unit_registered_note_it, opener=opener, clock=clock),
        ContactRecorded.declared.type: partial(when_contact_recorded_keep_it_sealed, opener=opener, clock=clock),
        KeyWrapped.declared.type: partial(when_key_wrapped_keep_it, opener=opener, clock=clock),
        KeyDeleted.declared.type: partial(when_key_deleted_forget, clock=clock),
        **dict.fromkeys(rules.event_types(), planning),
    }

"""One file per reaction, and the table from event to reaction."""

from services.notify.consumers.when_contact_recorded_keep_it_sealed import when_contact_recorded_keep_it_sealed
from services.notify.consumers.when_fact_received_plan_messages import when_fact_received_plan_messages
from services.notify.consumers.when_key_changed_keep_or_forget import when_key_deleted_forget, when_key_wrapped_keep_it
from services.notify.consumers.when_project_opened_note_it import when_project_opened_note_it
from services.notify.consumers.when_unit_registered_note_it import when_unit_registered_note_it
from services.notify.domain import rules
from services.notify.store.contacts import Opener
from shared.events import topics
from shared.events.registry import ContactRecorded, KeyDeleted, KeyWrapped, ProjectOpened, UnitRegistered
from shared.messaging.reactions import Reactions, on, table
from shared.service.clock import Clock

CONSUMER = "notify"
KINDS = topics.read_by(CONSUMER)


def reactions(*, opener: Opener, clock: Clock) -> Reactions:
    """Other events are skipped."""
    return table(
        on(ProjectOpened, when_project_opened_note_it, opener=opener, clock=clock),
        on(UnitRegistered, when_unit_registered_note_it, opener=opener, clock=clock),
        on(ContactRecorded, when_contact_recorded_keep_it_sealed, opener=opener, clock=clock),
        on(KeyWrapped, when_key_wrapped_keep_it, opener=opener, clock=clock),
        on(KeyDeleted, when_key_deleted_forget, clock=clock),
        *(on(fact, when_fact_received_plan_messages, opener=opener, clock=clock) for fact in rules.facts()),
    )

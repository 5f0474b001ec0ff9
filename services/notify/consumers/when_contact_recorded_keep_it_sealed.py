"""registry-contact: stores a person's contact, still sealed. Its key may arrive later."""

from services.notify.commands.plan_messages import PlanMessages, plan_messages
from services.notify.store import known
from services.notify.store.contacts import Opener
from shared.events.registry import ContactRecorded
from shared.messaging.reactions import Batch
from shared.service.clock import Clock
from shared.service.database import Transaction


def when_contact_recorded_keep_it_sealed(
    tx: Transaction, batch: Batch[ContactRecorded], *, opener: Opener, clock: Clock
) -> None:
    known.contacts_recorded(tx, batch.events)
    plan_messages(tx, PlanMessages(clock.now()), opener=opener)

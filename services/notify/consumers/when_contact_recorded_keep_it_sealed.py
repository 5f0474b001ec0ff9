"""registry-contact: stores a person's contact, still sealed. Its key may arrive later."""

from collections.abc import Sequence

from services.notify.commands.plan_messages import PlanMessages, plan_messages
from services.notify.store import known
from services.notify.store.contacts import Opener
from shared.events import codec
from shared.events.registry import ContactRecorded
from shared.messaging.ports import Message
from shared.service.clock import Clock
from shared.service.database import Transaction


def when_contact_recorded_keep_it_sealed(
    tx: Transaction, messages: Sequence[Message], *, opener: Opener, clock: Clock
) -> None:
    known.contacts_recorded(tx, [codec.decode(ContactRecorded, message.payload) for message in messages])
    plan_messages(tx, PlanMessages(clock.now()), opener=opener)

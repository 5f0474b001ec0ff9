"""signing-case: an agreement was signed, rescinded, effective or void → its messages, as far as everything needed is
known.
"""

from services.notify.commands.plan_messages import PlanMessages, plan_messages
from services.notify.domain import rules
from services.notify.store import facts, messages
from services.notify.store.contacts import Opener
from shared.events.contract import Event
from shared.messaging.reactions import Batch
from shared.service.clock import Clock
from shared.service.database import Transaction


def when_fact_received_plan_messages(tx: Transaction, batch: Batch[Event], *, opener: Opener, clock: Clock) -> None:
    at = clock.now()
    for received in batch.one_by_one():
        fact = rules.read(received.event)
        facts.enter(tx, fact, event_id=received.message.event_id, at=at)
        if fact.supersedes:
            messages.supersede(tx, fact.agreement_id, templates=fact.supersedes, at=at)
    plan_messages(tx, PlanMessages(at), opener=opener)

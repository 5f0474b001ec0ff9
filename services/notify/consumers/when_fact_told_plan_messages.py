"""signing-case: an agreement was signed, rescinded, effective or void → its messages, as far as everything needed is
known.
"""

from collections.abc import Sequence

from services.notify.commands.plan_messages import PlanMessages, plan_messages
from services.notify.domain import rules
from services.notify.store import facts, messages
from services.notify.store.contacts import Opener
from shared.events import codec
from shared.messaging.ports import Message
from shared.service.clock import Clock
from shared.service.database import Transaction


def when_fact_told_plan_messages(
    tx: Transaction, fact_messages: Sequence[Message], *, opener: Opener, clock: Clock
) -> None:
    at = clock.now()
    for message in fact_messages:
        fact = rules.read(codec.decode(message.type, message.payload))
        facts.enter(tx, fact, event_id=message.event_id, at=at)
        if fact.supersedes:
            messages.supersede(tx, fact.agreement_id, templates=fact.supersedes, at=at)
    plan_messages(tx, PlanMessages(at), opener=opener)

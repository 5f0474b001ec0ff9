"""registry-project: a project's name, for the head of its messages."""

from services.notify.commands.plan_messages import PlanMessages, plan_messages
from services.notify.store import known
from services.notify.store.contacts import Opener
from shared.events.registry import ProjectOpened
from shared.messaging.reactions import Batch
from shared.service.clock import Clock
from shared.service.database import Transaction


def when_project_opened_note_it(tx: Transaction, batch: Batch[ProjectOpened], *, opener: Opener, clock: Clock) -> None:
    known.projects_opened(tx, batch.events)
    plan_messages(tx, PlanMessages(clock.now()), opener=opener)

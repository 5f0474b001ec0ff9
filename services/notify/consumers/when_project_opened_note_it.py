"""registry-project: a project's name, for the head of its messages."""

from collections.abc import Sequence

from services.notify.commands.plan_messages import PlanMessages, plan_messages
from services.notify.store import known
from services.notify.store.contacts import Opener
from shared.events import codec
from shared.events.registry import ProjectOpened
from shared.messaging.ports import Message
from shared.service.clock import Clock
from shared.service.database import Transaction


def when_project_opened_note_it(tx: Transaction, messages: Sequence[Message], *, opener: Opener, clock: Clock) -> None:
    known.projects_opened(tx, [codec.decode(ProjectOpened, message.payload) for message in messages])
    plan_messages(tx, PlanMessages(clock.now()), opener=opener)

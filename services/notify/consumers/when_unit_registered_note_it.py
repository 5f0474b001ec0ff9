"""registry-unit: a unit as people call it, and its right-holders under their masked names."""

from collections.abc import Sequence

from services.notify.commands.plan_messages import PlanMessages, plan_messages
from services.notify.store import known
from services.notify.store.contacts import Opener
from shared.events import codec
from shared.events.registry import UnitRegistered
from shared.messaging.ports import Message
from shared.service.clock import Clock
from shared.service.database import Transaction


def when_unit_registered_note_it(tx: Transaction, messages: Sequence[Message], *, opener: Opener, clock: Clock) -> None:
    known.units_registered(tx, [codec.decode(UnitRegistered, message.payload) for message in messages])
    plan_messages(tx, PlanMessages(clock.now()), opener=opener)

"""registry-unit: a unit as people call it, and its right-holders under their masked names."""

from services.notify.commands.plan_messages import PlanMessages, plan_messages
from services.notify.store import known
from services.notify.store.contacts import Opener
from shared.events.registry import UnitRegistered
from shared.messaging.reactions import Batch
from shared.service.clock import Clock
from shared.service.database import Transaction


def when_unit_registered_note_it(
    tx: Transaction, batch: Batch[UnitRegistered], *, opener: Opener, clock: Clock
) -> None:
    known.units_registered(tx, batch.events)
    plan_messages(tx, PlanMessages(clock.now()), opener=opener)

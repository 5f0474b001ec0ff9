"""Stores a frozen roll with its digest, until our own units give the same digest (checked by workers/rolls.py).

Units arrive on another topic, earlier or later. A match in this handler would race with the handler of the last unit.
"""

from services.signing.store import roll
from shared.events.registry import RollFrozen
from shared.messaging.consumer import Rejected
from shared.messaging.reactions import Batch
from shared.service.database import Transaction


def when_roll_frozen_await_its_units(tx: Transaction, batch: Batch[RollFrozen]) -> None:
    for event in batch.events:
        if not roll.announce(tx, event):
            message = f"project {event.project_id} is counted over another roll already"
            raise Rejected(message)

"""notify-key: records that a reading service dropped a person's data key, as evidence that the person is forgotten everywhere."""

from services.registry.commands.confirm_dropped import ConfirmDropped, confirm_dropped
from shared.events.notify import KeyDropped
from shared.messaging.reactions import Batch
from shared.service.database import Transaction


def when_key_dropped_note_receipt(tx: Transaction, batch: Batch[KeyDropped]) -> None:
    receipts = [
        ConfirmDropped(event.person_id, event.key_id, event.reader, at=event.dropped_at) for event in batch.events
    ]
    confirm_dropped(tx, receipts)

"""notify-key: records that a reading service dropped a person's data key, as evidence that the person is forgotten everywhere."""

from collections.abc import Sequence

from services.registry.commands.confirm_dropped import ConfirmDropped, confirm_dropped
from shared.events import codec
from shared.events.notify import KeyDropped
from shared.messaging.ports import Message
from shared.service.database import Transaction


def when_key_dropped_note_receipt(tx: Transaction, messages: Sequence[Message]) -> None:
    dropped = (codec.decode(KeyDropped, message.payload) for message in messages)
    confirm_dropped(
        tx, [ConfirmDropped(event.person_id, event.key_id, event.reader, at=event.dropped_at) for event in dropped]
    )

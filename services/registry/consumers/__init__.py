"""One file per reaction, and the table from event to reaction."""

from services.registry.consumers.when_key_dropped_note_receipt import when_key_dropped_note_receipt
from shared.events import topics
from shared.events.notify import KeyDropped
from shared.messaging.reactions import Reactions, on, table

CONSUMER = "registry"
KINDS = topics.read_by(CONSUMER)


def reactions() -> Reactions:
    """Other events are skipped."""
    return table(on(KeyDropped, when_key_dropped_note_receipt))

"""One file per reaction, and the table that says which event has which."""

from collections.abc import Mapping

from services.registry.consumers.when_key_dropped_note_receipt import when_key_dropped_note_receipt
from shared.events import topics
from shared.events.notify import KeyDropped
from shared.messaging.consumer import Reaction

CONSUMER = "registry"
KINDS = topics.read_by(CONSUMER)


def reactions() -> Mapping[str, Reaction]:
    """By event type. What is not in it passes by."""
    return {KeyDropped.declared.type: when_key_dropped_note_receipt}

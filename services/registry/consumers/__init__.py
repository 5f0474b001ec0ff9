"""One file per handler, and the table from event type to handler."""

from collections.abc import Mapping

from services.registry.consumers.when_key_dropped_note_receipt import when_key_dropped_note_receipt
from shared.events import topics
from shared.events.notify import KeyDropped
from shared.messaging.consumer import Reaction

CONSUMER = "registry"
KINDS = topics.read_by(CONSUMER)


def reactions() -> Mapping[str, Reaction]:
    """Handlers by event type. Other events are skipped."""
    return {KeyDropped.declared.type: when_key_dropped_note_receipt}

"""The bytes of an event: JSON, UTF-8. The only place where a payload is written or read.

Stays true: what was encoded decodes to an equal event, under this release and every later one of the same type version. Reading ignores
fields that a newer emitter has added; writing cannot add any (contract.py).
"""

from shared.events import catalogue
from shared.events.contract import Event


def encode(event: Event) -> bytes | None:
    """The record's value; None for a tombstone, which says everything by its key."""
    return None if event.declared.tombstone else event.model_dump_json().encode()


def decode(event_type: str, payload: bytes | None, *, key: str = "") -> Event:
    """Raises pydantic.ValidationError for what is not this event, KeyError for an unknown type (envelope.decode lets none pass).

    `key` is the record's key, needed for tombstones only.
    """
    event = catalogue.find(event_type)
    if event.declared.tombstone and payload is None:
        return event.model_validate({event.declared.key: key}, extra="ignore", strict=False)
    return event.model_validate_json(payload or b"", extra="ignore")

"""The bytes of an event: JSON, UTF-8. The only place where a payload is written or read.

Invariant: what was encoded decodes to an equal event, under this release and every later one of the same type
version. Reading ignores fields that a newer emitter has added; writing cannot add any (contract.py).
"""

from typing import overload

from shared.events import catalogue
from shared.events.contract import E, Event


def encode(event: Event) -> bytes | None:
    """The record's value; None for a tombstone, whose key is all it has."""
    return None if event.declared.tombstone else event.model_dump_json().encode()


@overload
def decode(event: str, payload: bytes | None, *, key: str = "") -> Event: ...
@overload
def decode(event: type[E], payload: bytes | None, *, key: str = "") -> E: ...
def decode(event: str | type[Event], payload: bytes | None, *, key: str = "") -> Event:
    """`event` is a type as in `ce_type`, or the class that a reaction expects. `key` is the record's, for tombstones.

    Raises pydantic.ValidationError for what is not this event, KeyError for an unknown type (envelope.decode lets
    none pass).
    """
    expected = catalogue.find(event) if isinstance(event, str) else event
    if expected.declared.tombstone and payload is None:
        return expected.model_validate({expected.declared.key: key}, extra="ignore")
    return expected.model_validate_json(payload or b"", extra="ignore")

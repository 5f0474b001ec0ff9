"""Decodes messages to typed events. Fields of newer producers are ignored."""

from collections.abc import Sequence
from typing import TypeVar

from shared.events.contract import Event
from shared.messaging.ports import Message

E = TypeVar("E", bound=Event)


def events(kind: type[E], messages: Sequence[Message]) -> list[E]:
    """Raises pydantic.ValidationError, which parks the message."""
    return [kind.model_validate_json(message.payload or b"", extra="ignore") for message in messages]

"""What an event is: one frozen class each. Schema, documentation, codec and catalogue derive from it alone.

Invariant: an emitter cannot write a field that is not declared, since constructing an event refuses it. A reader
ignores what a newer emitter has added, since `codec.decode` says so; nothing else reads a payload.
Left to others: how an event's topic behaves (topics.py), the bytes (codec.py), the headers (envelope.py).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict

from shared.events import topics
from shared.events.topics import Audience, Ordering


@dataclass(frozen=True)
class Deprecation:
    """An event that ends. `since`: the release that first says so; `instead`: the type to read now; `until`: its last day."""

    since: str
    instead: str
    until: date | None = None


@dataclass(frozen=True)
class Declaration:
    """How an event travels. `topic` is the kind; the topic's full name puts the district in front of it."""

    type: str
    topic: str
    key: str
    audience: Audience
    ordering: Ordering
    tombstone: bool = False
    deprecated: Deprecation | None = None


class Part(BaseModel):
    """A piece of an event that is never sent alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Event(Part):
    """One fact. An unknown field raises ValidationError. It is emitted when a transaction records it (database.Transaction.record)."""

    declared: ClassVar[Declaration]

    @property
    def key(self) -> str:
        """The partition key: the events of one key arrive in order."""
        return str(getattr(self, self.declared.key))


catalogue: dict[str, type[Event]] = {}
E = TypeVar("E", bound=Event)


def declare(
    event_type: str, *, topic: str, tombstone: bool = False, deprecated: Deprecation | None = None
) -> Callable[[type[E]], type[E]]:
    """Enters an event in the catalogue. Its topic fixes key, audience and ordering. A tombstone has no value on the bus, so it may only
    consist of its key.

    Raises TypeError at import: a type declared twice, a topic that is unknown or of another owner, a topic's key that is no field.
    """
    if topic not in topics.KINDS:
        raise TypeError(f"{event_type}: no topic kind {topic!r}")
    kind = topics.KINDS[topic]

    def enter(event: type[E]) -> type[E]:
        if event_type in catalogue:
            raise TypeError(f"{event_type} is declared twice")
        if not event_type.startswith(f"clearwater.{kind.owner}."):
            raise TypeError(f"{event_type}: topic {topic} belongs to {kind.owner}")
        if kind.key not in event.model_fields:
            raise TypeError(f"{event_type}: the key {kind.key!r} of its topic is not one of its fields")
        if tombstone and list(event.model_fields) != [kind.key]:
            raise TypeError(f"{event_type}: a tombstone carries nothing but its key")
        event.declared = Declaration(event_type, topic, kind.key, kind.audience, kind.ordering, tombstone, deprecated)
        catalogue[event_type] = event
        return event

    return enter

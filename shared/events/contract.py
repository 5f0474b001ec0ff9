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
    """One fact. Constructing it is emitting it: an unknown field raises ValidationError."""

    declared: ClassVar[Declaration]

    @property
    def key(self) -> str:
        """The partition key: the events of one key arrive in order."""
        return str(getattr(self, self.declared.key))


catalogue: dict[str, type[Event]] = {}
E = TypeVar("E", bound=Event)


def declare(  # noqa: PLR0913 - a declaration is read as one line, keyword by keyword
    event_type: str,
    *,
    topic: str,
    key: str,
    audience: Audience,
    ordering: Ordering = "contiguous",
    tombstone: bool = False,
    deprecated: Deprecation | None = None,
) -> Callable[[type[E]], type[E]]:
    """Enters an event in the catalogue. A tombstone has no value on the bus, so it may only consist of its key.

    Raises TypeError at import: a type declared twice, a key that is no field, a topic that is unknown or says
    otherwise.
    """

    def enter(event: type[E]) -> type[E]:
        if event_type in catalogue:
            raise TypeError(f"{event_type} is declared twice")
        if key not in event.model_fields:
            raise TypeError(f"{event_type}: its key {key!r} is not one of its fields")
        if tombstone and list(event.model_fields) != [key]:
            raise TypeError(f"{event_type}: a tombstone carries nothing but its key")
        _agree(event_type, topic, (key, audience, ordering))
        event.declared = Declaration(event_type, topic, key, audience, ordering, tombstone, deprecated)
        catalogue[event_type] = event
        return event

    return enter


def _agree(event_type: str, topic: str, says: tuple[str, Audience, Ordering]) -> None:
    if topic not in topics.KINDS:
        raise TypeError(f"{event_type}: no topic kind {topic!r}")
    kind = topics.KINDS[topic]
    if says != (kind.key, kind.audience, kind.ordering):
        raise TypeError(f"{event_type}: says {says}, its topic {topic} {(kind.key, kind.audience, kind.ordering)}")
    if not event_type.startswith(f"clearwater.{kind.owner}."):
        raise TypeError(f"{event_type}: topic {topic} belongs to {kind.owner}")

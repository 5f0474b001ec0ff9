"""What a consumer does about which event: one table, `table(on(UnitRegistered, when_unit_registered_open_its_case), …)`.

A reaction gets the transaction and a batch of events of its own type, decoded. Invariant: a record is decoded once, however often its
batch is halved or its poll is tried again, and however many reactions of a consumer want its event.
Left to others: which messages are due, and what becomes of one that is refused (applying.py, redrive.py).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Concatenate, Generic, NamedTuple, ParamSpec

from pydantic import ValidationError

from shared.events import codec
from shared.events.contract import E, Event
from shared.messaging.ports import Message
from shared.service.database import Transaction
from shared.telemetry import spans, tracing

P = ParamSpec("P")


@dataclass(eq=False)
class Received(Generic[E]):
    """A message on its way through a consumer. `kind` is None where the consumer has no reaction to it."""

    message: Message
    kind: type[E] | None
    _decoded: E | ValidationError | None = field(default=None, repr=False)

    @property
    def event(self) -> E:
        """Raises pydantic.ValidationError, each time the same."""
        if self._decoded is None:
            self._decoded = self._decode()
        if isinstance(self._decoded, ValidationError):
            raise self._decoded
        return self._decoded

    def _decode(self) -> E | ValidationError:
        if self.kind is None:
            raise TypeError(f"{self.message.type}: no reaction, so nothing was decoded")
        try:
            return codec.decode(self.kind, self.message.payload, key=self.message.key)
        except ValidationError as refusal:
            return refusal


@dataclass(frozen=True)
class Batch(Generic[E]):
    """Events of one type, in the order of their keys, each for the first time."""

    kind: type[E]
    received: Sequence[Received[E]]

    @property
    def events(self) -> list[E]:
        return [it.event for it in self.received]

    def one_by_one(self) -> Iterator[Received[E]]:
        """For a reaction that runs one command per event: what is recorded meanwhile has that event as its cause."""
        for it in self.received:
            with caused_by(it.message):
                yield it


Reaction = Callable[[Transaction, Batch[E]], None]
AfterReactions = Callable[[Transaction, Sequence[Received[Any]]], None]


class On(NamedTuple):
    """The reactions to one type of event. They run in this order, with one batch."""

    kind: type[Event]
    reactions: tuple[Reaction[Any], ...]

    def react(self, tx: Transaction, received: Sequence[Received[Any]]) -> None:
        """Raises pydantic.ValidationError before the first reaction, and what a reaction raises."""
        batch = Batch(self.kind, received)
        batch.events  # noqa: B018 - all are decoded, or none has an effect
        for reaction in self.reactions:
            reaction(tx, batch)


Reactions = Mapping[str, On]


def on(
    kind: type[E],
    reaction: Callable[Concatenate[Transaction, Batch[E], P], None],
    *args: P.args,
    **kwargs: P.kwargs,
) -> On:
    """`kwargs`: what the reaction needs beside the transaction and the batch, such as the business clock."""
    return On(kind, (lambda tx, batch: reaction(tx, batch, *args, **kwargs),))


def table(*entries: On) -> Reactions:
    """By type. Several entries of one type are one entry with all their reactions."""
    by_type: dict[str, On] = {}
    for entry in entries:
        before = by_type.get(entry.kind.declared.type, On(entry.kind, ()))
        by_type[entry.kind.declared.type] = On(entry.kind, before.reactions + entry.reactions)
    return by_type


def received(message: Message, reactions: Reactions) -> Received[Any]:
    reaction = reactions.get(message.type)
    return Received(message, reaction.kind if reaction else None)


def caused_by(message: Message) -> AbstractContextManager[tracing.Trace]:
    return tracing.following(event_id=message.event_id, received=message.headers)


@contextmanager
def handled(tx: Transaction, messages: Sequence[Message]) -> Iterator[None]:
    """What is recorded in the block has the last message as its cause. Each message has a span, which ends with the transaction."""
    beginnings = {str(it.event_id): _span(it) for it in messages} if spans.on() else {}
    with spans.handled(beginnings, until=tx.at_end), caused_by(messages[-1]):
        yield


def _span(message: Message) -> spans.Beginning:
    parent = tracing.well_formed(message.headers.get("traceparent"))
    return spans.Beginning(f"process {message.type}", "consumer", parent, facts_of(message))


def facts_of(message: Message) -> dict[str, spans.Value]:
    """What a span says of an event on its way, by OpenTelemetry's names."""
    return {
        "messaging.system": "kafka",
        "messaging.destination.name": message.topic,
        "messaging.message.id": str(message.event_id),
        "cloudevents.event_type": message.type,
    }

"""Applying one district's part of a poll, inside its transaction: which messages are due, their reactions, what parks.

Invariant: a reaction sees events of one type in the order of their keys, each for the first time. What a reaction refuses or fails
at leaves no trace but a parked row: a batch with a bad message is halved until the bad one stands alone. Only what would fail for every
message ends the process: a database that is away, too slow or in conflict.
Left to others: the transaction, trying it again, the counting (consumer.py).
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from shared.events import topics
from shared.messaging import decisions, inbox, parking, quarantine, reactions, rounds
from shared.messaging.inbox import Key, Watermark, key_of
from shared.messaging.ports import Message, Unreadable
from shared.messaging.reactions import AfterReactions, On, Reactions, Received, handled
from shared.refusal import Refused
from shared.service import database, journal
from shared.service.database import Transaction
from shared.telemetry import log

_VERSION = re.compile(r"\.v[0-9]+$")
# Deferred constraints are checked after each reaction, while the message that broke one is still known.
_CHECK, _PUT_OFF = text("set constraints all immediate"), text("set constraints all deferred")


class Rejected(Exception):  # noqa: N818 - an answer, not an error
    """Raised by a reaction: this message can never be applied as it stands."""


class TooManyRejected(Exception):  # noqa: N818 - names the state found
    """Too many rejections in a row: the fault is in our code, not in the messages. This poll is rolled back."""


_log = log.get(__name__)
UNEXPECTED: Final = "unexpected"
# Any other exception parks its message too, and is logged as an error.
_FORESEEN = (Rejected, Refused, ValidationError, IntegrityError, DataError, journal.TooLarge)


@contextmanager
def attempt(tx: Transaction, messages: Sequence[Message]) -> Iterator[None]:
    """A savepoint for one reaction to `messages`. Raises Rejected where they are at fault; an error of the database passes unchanged."""
    try:
        with tx.savepoint(), handled(tx, messages):
            yield
            tx.connection.execute(_CHECK)
            tx.connection.execute(_PUT_OFF)
    except Exception as failure:
        if database.outage(failure) or database.transient(failure) or database.wrong_statement(failure):
            raise
        raise Rejected(reason_of(failure)) from failure


def reason_of(refusal: BaseException) -> str:
    """The reason in one line, without values: a database error's detail and pydantic's input quote the row or the payload."""
    if isinstance(refusal, ValidationError):
        return "invalid: " + ", ".join(
            ".".join(map(str, error["loc"])) for error in refusal.errors(include_input=False)
        )
    if isinstance(refusal, DBAPIError):
        diagnosis = getattr(refusal.orig, "diag", None)
        what = getattr(diagnosis, "constraint_name", None) or getattr(diagnosis, "message_primary", None)
        return f"{type(refusal.orig).__name__}: {what or 'a value that cannot be stored'}"
    if isinstance(refusal, _FORESEEN):
        return str(refusal) or type(refusal).__name__
    return f"{UNEXPECTED}: {rounds.code(refusal)}"


class Parked(NamedTuple):
    """`ours`: where the message is diverged, the id of the event that was applied under its number."""

    message: Message
    reason: str
    ours: UUID | None = None


def log_parked(consumer: str, parked: Parked) -> None:
    message, (_, reason, ours) = parked.message, parked
    write_line = _log.error if ours or reason.startswith(UNEXPECTED) else _log.warning
    which = {"topic": message.topic, "key": message.key, "epoch": message.epoch, "sequence": message.sequence}
    ids = {"ours": str(ours), "theirs": str(message.event_id)} if ours else {"event_id": str(message.event_id)}
    write_line("diverged" if ours else "parked", consumer=consumer, **which, **ids, reason=reason)


@dataclass
class Outcome:
    applied: list[Received[Any]] = field(default_factory=list)
    parked: list[Parked] = field(default_factory=list)
    quarantined: list[Unreadable] = field(default_factory=list)
    repeated: int = 0
    rejected: int = 0
    in_a_row: int = 0


class Applying:
    def __init__(
        self, consumer: str, table: Reactions, *, after_reactions: AfterReactions | None, max_rejected: int
    ) -> None:
        self.consumer, self.reactions = consumer, table
        self._after_reactions, self._max_rejected = after_reactions, max_rejected
        self._stems = {_VERSION.sub("", event_type) for event_type in table}
        self._in_a_row = 0

    def receive(self, records: Sequence[Message | Unreadable]) -> Sequence[Received[Any] | Unreadable]:
        """For `apply`, which may be tried again with the same: what it has decoded stays decoded."""
        return [
            record if isinstance(record, Unreadable) else reactions.received(record, self.reactions)
            for record in map(self._readable, records)
        ]

    def apply(self, tx: Transaction, records: Sequence[Received[Any] | Unreadable]) -> Outcome:
        """Raises TooManyRejected, and every error that is an outage of the database."""
        outcome = Outcome(in_a_row=self._in_a_row)
        inbox.share(tx)
        received = []
        for record in records:
            if isinstance(record, Unreadable):
                quarantine.keep(tx, self.consumer, record)
                outcome.quarantined.append(record)
            else:
                received.append(record)
        messages = [it.message for it in received]
        marks = inbox.lock(tx, self.consumer, map(key_of, messages)) if messages else {}
        _Poll(self, tx, marks, outcome).apply(received)
        if marks:
            inbox.move(tx, self.consumer, marks)
            inbox.reach(tx, self.consumer, _ends(messages))
        if self._after_reactions and outcome.applied:
            self._after_reactions(tx, outcome.applied)
        return outcome

    def commit(self, outcome: Outcome) -> None:
        self._in_a_row = outcome.in_a_row

    def too_many(self, in_a_row: int) -> bool:
        return in_a_row >= self._max_rejected

    def _readable(self, record: Message | Unreadable) -> Message | Unreadable:
        if isinstance(record, Unreadable) or record.type in self.reactions:
            return record
        if _VERSION.sub("", record.type) in self._stems:
            return quarantine.unreadable(record, "unknown-version")
        return record


class _Poll:
    def __init__(self, applying: Applying, tx: Transaction, marks: dict[Key, Watermark], outcome: Outcome) -> None:
        self._applying, self._tx, self._marks, self._outcome = applying, tx, marks, outcome
        self._before: dict[UUID, Watermark] = {}
        self._passed_over: frozenset[UUID] = frozenset()
        self._lower: list[Message] = []

    def apply(self, received: Sequence[Received[Any]]) -> None:
        consumer = self._applying.consumer
        self._passed_over = decisions.passed_over(self._tx, consumer, (it.message.event_id for it in received))
        for event_type, layer in _layers(received):
            due = [it for it in layer if self._is_due(it.message)]
            if due and (on := self._applying.reactions.get(event_type)):
                self._react(on, due)
        if self._lower:
            judged = inbox.judged(self._tx, consumer, {message.topic for message in self._lower})
            again = [lower for lower in self._lower if lower.offset >= judged.get((lower.topic, lower.partition), 0)]
            inbox.doubt(self._tx, consumer, again)

    def _is_due(self, message: Message) -> bool:
        # The watermark is what was applied, never what was seen: a missing event may still come (a second partition, a
        # relay that repeats). It must not count as a repeat when it comes.
        if message.event_id in self._passed_over:
            return False
        key = key_of(message)
        verdict = inbox.judge(self._marks[key], message)
        if verdict == "repeat":
            self._outcome.repeated += 1
            self._doubt(message)
        elif verdict == "next":
            self._before[message.event_id] = self._marks[key]
            self._marks[key] = self._marks[key].reached(message)
            self._supersede(message)
        else:
            self._park(message, verdict)
        return verdict == "next"

    def _doubt(self, message: Message) -> None:
        contiguous = topics.kind(message.topic).ordering == "contiguous"
        if contiguous and message.event_id != self._marks[key_of(message)].last_event_id and message.offset >= 0:
            self._lower.append(message)

    def _supersede(self, message: Message) -> None:
        key = key_of(message)
        if self._marks[key].parked:  # only on a `latest` topic does a parked key go on
            parking.supersede(self._tx, self._applying.consumer, message)
            self._marks[key] = replace(self._marks[key], parked=False)

    def _react(self, on: On, received: Sequence[Received[Any]]) -> None:
        try:
            with attempt(self._tx, [it.message for it in received]):
                on.react(self._tx, received)
        except Rejected as refusal:
            if len(received) == 1:
                self._reject(received[0].message, str(refusal))
            else:
                self._halve(on, received)
        else:
            self._outcome.applied.extend(received)
            self._outcome.in_a_row = 0

    def _halve(self, on: On, received: Sequence[Received[Any]]) -> None:
        half = len(received) // 2
        for part in (received[:half], received[half:]):
            if ready := [it for it in part if not self._waits(it.message)]:
                self._react(on, ready)

    def _reject(self, message: Message, reason: str) -> None:
        self._outcome.rejected += 1
        self._outcome.in_a_row += 1
        if self._applying.too_many(self._outcome.in_a_row):
            raise TooManyRejected(f"{self._applying.consumer}: {self._outcome.in_a_row} in a row, the last: {reason}")
        self._park(message, reason)

    def _waits(self, message: Message) -> bool:
        mark = self._marks[key_of(message)]
        if not mark.parked:
            return False
        if topics.kind(message.topic).ordering == "latest":
            return not self._is_due(message)  # a newer value supersedes the rejected one
        if (message.epoch, message.sequence) <= (mark.epoch, mark.last_sequence):
            return False  # the parked event has the number of this message or a later one
        self._park(message, "behind")
        return True

    def _park(self, message: Message, reason: str) -> None:
        key = key_of(message)
        mark, before = self._marks[key], self._before.get(message.event_id)
        if before and (before.epoch, before.last_sequence) < (mark.epoch, mark.last_sequence):
            mark = before
        self._marks[key] = replace(mark, parked=True)
        ours = mark.last_event_id if reason == parking.DIVERGED else None
        parking.park(self._tx, self._applying.consumer, message, reason=reason, ours=ours)
        self._outcome.parked.append(Parked(message, reason, ours))


def _ends(messages: Sequence[Message]) -> dict[tuple[str, int], int]:
    """By topic and partition, the offset after the last of these messages."""
    ends: dict[tuple[str, int], int] = {}
    for message in messages:
        ends[message.topic, message.partition] = max(
            message.offset + 1, ends.get((message.topic, message.partition), 0)
        )
    return ends


def _layers(polled: Sequence[Received[Any]]) -> Iterator[tuple[str, list[Received[Any]]]]:
    """Groups messages of one type, as far as the order within each key allows, so that a reaction gets large batches."""
    level: dict[Key, tuple[int, str]] = {}
    layers: dict[tuple[int, str], list[Received[Any]]] = {}
    for it in polled:
        key, event_type = key_of(it.message), it.message.type
        depth, before = level.get(key, (0, event_type))
        level[key] = place = (depth + (before != event_type), event_type)
        layers.setdefault(place, []).append(it)
    for (_, event_type), layer in sorted(layers.items(), key=lambda level_and_layer: level_and_layer[0]):
        yield event_type, layer

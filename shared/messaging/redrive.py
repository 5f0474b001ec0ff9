"""Redrive: applies the parked events of a key again, in order. It takes the consumer's own lock, so the two never interleave.

Left to others: the command for a person at a terminal (redriving.py).
"""

import threading
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import Engine, text

from shared.messaging import decisions, inbox, parking, quarantine, reactions, records
from shared.messaging.applying import Rejected, attempt
from shared.messaging.decisions import Decided
from shared.messaging.inbox import Key, Watermark, key_of
from shared.messaging.parking import Waiting
from shared.messaging.ports import Message, Unreadable
from shared.messaging.reactions import AfterReactions, Reactions, Received
from shared.messaging.rounds import Rounds, Work
from shared.service import database
from shared.service.database import Transaction

_HEAL_SECONDS = 1.0
PASSED_OVER: Final = "passed-over"
DONE: Final = frozenset({"applied", "repeat", PASSED_OVER})  # waits no more


class Tried(NamedTuple):
    """What became of one parked message: applied, repeat, passed-over, gap, epoch, diverged, or the refusal."""

    message: Message
    outcome: str


class Change(NamedTuple):
    """How many rows of a table were touched."""

    table: str
    inserted: int
    updated: int
    deleted: int


class Attempt(NamedTuple):
    tried: Sequence[Tried]
    changes: Sequence[Change]


# Counted by the database itself, whatever a reaction does. The backend's own view still holds what earlier transactions have not
# handed over, so it is read twice.
_TOUCHED = text("""
    select relid, relname, n_tup_ins, n_tup_upd, n_tup_del from pg_stat_xact_user_tables
    where n_tup_ins + n_tup_upd + n_tup_del > 0 order by relname
""")


class Ambiguous(Exception):  # noqa: N818 - an answer, not an error
    """A decision that names more than one event for one number."""


class Redrive:
    """`table` and `after_reactions` are the consumer's own, `engine` is the app role's."""

    def __init__(
        self, consumer: str, engine: Engine, table: Reactions, *, after_reactions: AfterReactions | None = None
    ) -> None:
        self._consumer, self._engine, self._reactions, self._after_reactions = consumer, engine, table, after_reactions
        self._healing = Rounds("redrive")

    def run_forever(self, stop: threading.Event) -> None:
        """Runs beside the consumer, in its process."""
        while not stop.wait(_HEAL_SECONDS):
            self.run_once()

    def run_once(self) -> int:
        """Heals every district. Returns how many keys moved on."""
        return sum(self.heal(district) for district in self.districts())

    def districts(self) -> Sequence[str]:
        found = database.look(self._engine, parking.COUNTS, {"consumer": self._consumer}, [database.EVERY])
        return [row.district for row in found]

    def heal(self, district: str) -> int:
        """Frees the keys whose gap has been filled since. Rejected events wait for a person, who calls `key`."""
        with database.begin(self._engine, district=district) as tx:
            keys = parking.healed(tx, self._consumer)
        return self._healing.carry_out(
            [Work(district, " ".join(key), partial(self._heal, key, district)) for key in keys]
        )

    def _heal(self, key: Key, district: str) -> int:
        return int(bool(self.key(key, district=district).tried))

    def keys(self, district: str, *, topic: str | None = None, key: str | None = None) -> Sequence[Key]:
        with database.begin(self._engine, district=district) as tx:
            return parking.keys(tx, self._consumer, topic=topic, key=key)

    def diverged(
        self, district: str, *, topic: str | None = None, key: str | None = None
    ) -> Sequence[tuple[Key, Sequence[Waiting]]]:
        """The diverged events by key: another event was applied under their number."""
        with database.begin(self._engine, district=district) as tx:
            keys = parking.keys(tx, self._consumer, topic=topic, key=key)
            found = [
                (parked_key, _diverged(parking.waiting(tx, self._consumer, parked_key, batch=500)))
                for parked_key in keys
            ]
        return [(row, waiting) for row, waiting in found if waiting]

    def key(
        self,
        key: Key,
        *,
        district: str,
        batch: int = 500,
        dry_run: bool = False,
        decision: Literal["accept-epoch"] | Decided | None = None,
    ) -> Attempt:
        """Tries what waits, in order, up to the first that stays. Call again while it returns a full batch.

        `accept-epoch`: a person has found that the source was restored, and lets the new epoch go on from its first
        number here. It decides nothing about a key that waits for anything else. `Decided("keep-ours", …)`: the events
        that wait as diverged are passed over. A dry run does everything, counts the rows it touched, and rolls back.
        """
        with database.begin(self._engine, district=district) as tx:
            attempt = self.key_within(tx, key, batch=batch, decision=decision)
            if dry_run:
                tx.rollback()
        return attempt

    def key_within(
        self, tx: Transaction, key: Key, *, batch: int = 500, decision: Literal["accept-epoch"] | Decided | None = None
    ) -> Attempt:
        """The same in a transaction of the caller's, who commits it or rolls it back."""
        inbox.share(tx)
        before = _touched(tx)
        # First the lock, then the reading: the consumer adds to parking under this lock only. Read committed is required.
        mark = inbox.lock(tx, self._consumer, [key])[key]
        waiting = parking.waiting(tx, self._consumer, key, batch=batch)
        if decision == "accept-epoch" and waiting and _verdict(mark, waiting[0]) == "epoch":
            first = waiting[0].message
            mark = Watermark(first.epoch, first.sequence - 1, None, parked=True)
        mark, tried, applied = self._try(tx, mark, waiting, decision if isinstance(decision, Decided) else None)
        inbox.move(tx, self._consumer, {key: replace(mark, parked=parking.any_of(tx, self._consumer, key))})
        if self._after_reactions and applied:
            self._after_reactions(tx, applied)
        tx.flush()  # last, but before the counting
        return Attempt(tried, _changes(before, _touched(tx)))

    def accept_theirs(self, key: Key, *, district: str, decided: Decided, dry_run: bool = False) -> Sequence[Waiting]:
        """Decides that a rebuild passes over our events and applies the diverged ones instead. Returns the diverged ones.

        The live model does not change. The key waits until the rebuilt model has taken its place.
        """
        with database.begin(self._engine, district=district) as tx:
            found = self.accept_theirs_within(tx, key, decided=decided)
            if dry_run:
                tx.rollback()
        return found

    def accept_theirs_within(self, tx: Transaction, key: Key, *, decided: Decided) -> Sequence[Waiting]:
        """The same in a transaction of the caller's, who commits it or rolls it back."""
        inbox.share(tx)
        inbox.lock(tx, self._consumer, [key])
        waiting = _diverged(parking.waiting(tx, self._consumer, key, batch=500))
        found = [row for row in waiting if row.ours and decided.concerns(row.message.event_id)]
        if len({(row.message.epoch, row.message.sequence) for row in found}) < len(found):
            raise Ambiguous(f"{key.topic} {key.key}: several wait under one number, name the --event")
        for row in found:
            if row.ours:
                decisions.decide(tx, self._consumer, decided, place=row.message, against=row.ours)
        return found

    def requeue(
        self, district: str, *, topic: str | None = None, batch: int = 500, dry_run: bool = False
    ) -> list[tuple[Unreadable, str]]:
        """After an upgrade: parks the quarantined records that can be read now, behind their key; `heal` applies them."""
        with database.begin(self._engine, district=district) as tx:
            inbox.share(tx)
            waiting = quarantine.waiting(tx, self._consumer, topic=topic, batch=batch)
            outcomes = [(record, self._requeue(tx, record)) for record in waiting]
            if dry_run:
                tx.rollback()
        return outcomes

    def _requeue(self, tx: Transaction, record: Unreadable) -> str:
        message = records.read(record)
        if isinstance(message, Unreadable):
            return message.reason
        if record.reason == "unknown-version" and message.type not in self._reactions:
            return record.reason
        key = key_of(message)
        mark = inbox.lock(tx, self._consumer, [key])[key]
        verdict = inbox.judge(mark, message)
        if verdict != "repeat":
            ours = mark.last_event_id if verdict == parking.DIVERGED else None
            reason = verdict if verdict in {"epoch", parking.DIVERGED} else "requeued"
            parking.park(tx, self._consumer, message, reason=reason, ours=ours)
            inbox.move(tx, self._consumer, {key: replace(mark, parked=True)})
        quarantine.release(tx, self._consumer, record, outcome=verdict)
        return "requeued" if verdict != "repeat" else verdict

    def _try(
        self, tx: Transaction, mark: Watermark, waiting: Sequence[Waiting], decided: Decided | None
    ) -> tuple[Watermark, list[Tried], list[Received[Any]]]:
        """Also returns what had a reaction."""
        tried, applied = list[Tried](), list[Received[Any]]()
        passed_over = decisions.passed_over(tx, self._consumer, (row.message.event_id for row in waiting))
        for row in waiting:
            message = row.message
            if self._is_kept_out(tx, row, passed_over, decided):
                verdict = PASSED_OVER
            elif (verdict := _verdict(mark, row)) == "next":
                verdict = self._apply(tx, it := reactions.received(message, self._reactions))
                applied += [it] if verdict == "applied" and it.kind else []
            elif verdict == parking.DIVERGED:
                parking.blame(tx, self._consumer, message, reason=verdict, ours=row.ours or mark.last_event_id)
            tried.append(Tried(message, verdict))
            if verdict not in DONE:
                break
            parking.release(tx, self._consumer, message, outcome=verdict)
            if verdict == "applied":
                mark = mark.reached(message)
        return mark, tried, applied

    def _is_kept_out(
        self, tx: Transaction, row: Waiting, passed_over: Collection[UUID], decided: Decided | None
    ) -> bool:
        """Whether an earlier decision passes it over, or this one. A decision concerns only events that wait as diverged."""
        event_id = row.message.event_id
        if event_id in passed_over:
            return True
        if decided is None or row.reason != parking.DIVERGED or not decided.concerns(event_id):
            return False
        if row.ours and decisions.passed_over(tx, self._consumer, [row.ours]):
            return False  # theirs was accepted: a rebuild will replace our event by it
        decisions.decide(tx, self._consumer, decided, place=row.message, against=event_id)
        return True

    def _apply(self, tx: Transaction, it: Received[Any]) -> str:
        try:
            with attempt(tx, [it.message]):
                if on := self._reactions.get(it.message.type):
                    on.react(tx, [it])
        except Rejected as refusal:
            parking.blame(tx, self._consumer, it.message, reason=str(refusal))
            return str(refusal)
        return "applied"


def _verdict(mark: Watermark, row: Waiting) -> str:
    """The verdict now; an event that was found diverged stays diverged, whatever its number and the mark are."""
    return parking.DIVERGED if row.reason == parking.DIVERGED else inbox.judge(_open(mark), row.message)


def _diverged(waiting: Sequence[Waiting]) -> list[Waiting]:
    return [row for row in waiting if row.reason == parking.DIVERGED]


def _open(mark: Watermark) -> Watermark:
    return replace(mark, parked=False)


def _touched(tx: Transaction) -> dict[int, Change]:
    return {row.relid: Change(*row[1:]) for row in tx.connection.execute(_TOUCHED)}


def _changes(before: dict[int, Change], after: dict[int, Change]) -> Sequence[Change]:
    none = Change("", 0, 0, 0)
    counted = [(count, before.get(relid, none)) for relid, count in after.items()]
    changed = [Change(now.table, *(a - b for a, b in zip(now[1:], was[1:], strict=True))) for now, was in counted]
    return [change for change in changed if any(change[1:])]

"""Redrive: gives a parked key its turn again, in order. Takes the consumer's own lock, so the two never interleave."""

import argparse
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from shared.messaging import inbox, journal, parking, quarantine, records
from shared.messaging.applying import REJECTIONS, Reactions, Then, attempt, reason_of
from shared.messaging.inbox import Key, Watermark, key_of
from shared.messaging.ports import Message, Unreadable
from shared.service import database
from shared.service.database import Transaction
from shared.telemetry import log, metrics

_HEAL_SECONDS = 1.0
Decision = Literal["accept-epoch"]
_log = log.get(__name__)


class Tried(NamedTuple):
    """What became of one parked message: applied, repeat, gap, epoch, or the refusal."""

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


class Redrive:
    """`reactions` and `then` are the consumer's own, `engine` is the app role's."""

    def __init__(self, consumer: str, engine: Engine, reactions: Reactions, *, then: Then | None = None) -> None:
        self._consumer, self._engine, self._reactions, self._then = consumer, engine, reactions, then

    def run_forever(self, stop: threading.Event) -> None:
        """Beside the consumer, in its process."""
        while not stop.wait(_HEAL_SECONDS):
            try:
                for district in self.districts():
                    self.heal(district)
            except OperationalError as failure:
                if not database.transient(failure):
                    raise
                metrics.TRANSIENT.labels(self._consumer).inc()
                _log.info("healing tried again", consumer=self._consumer, sqlstate=database.sqlstate(failure))

    def districts(self) -> Sequence[str]:
        with database.reading(self._engine, granted=[database.EVERY]) as tx:
            return [each.district for each in parking.counts(tx, self._consumer)]

    def heal(self, district: str) -> int:
        """Frees the keys whose gap has been filled since. Rejected events wait for a person, who calls `key`."""
        with database.begin(self._engine, district=district) as tx:
            keys = parking.healed(tx, self._consumer)
        return sum(bool(self.key(key, district=district).tried) for key in keys)

    def keys(self, district: str, *, topic: str | None = None, key: str | None = None) -> Sequence[Key]:
        with database.begin(self._engine, district=district) as tx:
            return parking.keys(tx, self._consumer, topic=topic, key=key)

    def key(
        self, key: Key, *, district: str, batch: int = 500, dry_run: bool = False, decision: Decision | None = None
    ) -> Attempt:
        """Tries what waits, in order, up to the first that stays. Call again while it returns a full batch.

        `accept-epoch`: a person has found that the source was restored, and lets the new epoch go on from its first
        number here. It decides nothing about a key that waits for anything else. A dry run does everything,
        counts the rows it touched, and rolls back.
        """
        with database.begin(self._engine, district=district) as tx:
            inbox.share(tx)
            before = _touched(tx)
            # First the lock, then the reading: the consumer adds to parking under this lock only. Read committed is required.
            mark = inbox.lock(tx, self._consumer, [key])[key]
            waiting = parking.waiting(tx, self._consumer, key, batch=batch)
            if decision == "accept-epoch" and waiting and _verdict(mark, waiting[0]) == "epoch":
                mark = Watermark(waiting[0].epoch, waiting[0].sequence - 1, None, parked=True)
            with journal.deferred(tx):
                mark, tried = self._try(tx, mark, waiting)
            inbox.move(tx, self._consumer, {key: replace(mark, parked=parking.any_of(tx, self._consumer, key))})
            applied = [each.message for each in tried if each.outcome == "applied"]
            if self._then and applied:
                self._then(tx, applied)
            changes = _changes(before, _touched(tx))
            if dry_run:
                tx.connection.rollback()
        return Attempt(tried, changes)

    def requeue(
        self, district: str, *, topic: str | None = None, batch: int = 500, dry_run: bool = False
    ) -> list[tuple[Unreadable, str]]:
        """After an upgrade: what can be read now goes to the end of its key's parking, from where `heal` takes it."""
        with database.begin(self._engine, district=district) as tx:
            inbox.share(tx)
            waiting = quarantine.waiting(tx, self._consumer, topic=topic, batch=batch)
            outcomes = [(record, self._requeue(tx, record)) for record in waiting]
            if dry_run:
                tx.connection.rollback()
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
            parking.park(tx, self._consumer, message, reason="requeued" if verdict != "epoch" else verdict)
            inbox.move(tx, self._consumer, {key: replace(mark, parked=True)})
        quarantine.release(tx, self._consumer, record, outcome=verdict)
        return "requeued" if verdict != "repeat" else verdict

    def _try(self, tx: Transaction, mark: Watermark, waiting: Sequence[Message]) -> tuple[Watermark, list[Tried]]:
        tried: list[Tried] = []
        for message in waiting:
            verdict: str = _verdict(mark, message)
            if verdict == "next":
                verdict = self._apply(tx, message)
            tried.append(Tried(message, verdict))
            if verdict not in {"applied", "repeat"}:
                break
            parking.release(tx, self._consumer, message, outcome=verdict)
            if verdict == "applied":
                mark = mark.reached(message)
        return mark, tried

    def _apply(self, tx: Transaction, message: Message) -> str:
        try:
            with attempt(tx, message):
                if reaction := self._reactions.get(message.type):
                    reaction(tx, [message])
        except REJECTIONS as refusal:
            parking.blame(tx, self._consumer, message, reason=reason_of(refusal))
            return reason_of(refusal)
        return "applied"


def _verdict(mark: Watermark, message: Message) -> inbox.Verdict:
    return inbox.judge(replace(mark, parked=False), message)


def _touched(tx: Transaction) -> dict[int, Change]:
    return {row.relid: Change(*row[1:]) for row in tx.connection.execute(_TOUCHED)}


def _changes(before: dict[int, Change], after: dict[int, Change]) -> Sequence[Change]:
    none = Change("", 0, 0, 0)
    counted = [(each, before.get(relid, none)) for relid, each in after.items()]
    changed = [Change(now.table, *(a - b for a, b in zip(now[1:], was[1:], strict=True))) for now, was in counted]
    return [each for each in changed if any(each[1:])]


def command(argv: Sequence[str], consumers: Mapping[str, Redrive], *, tell: Callable[[str], None]) -> int:
    """`python -m services.<service> redrive …`. Returns the exit code: 0 = nothing of what was asked for waits any more."""
    parser = argparse.ArgumentParser(prog="redrive", description="Give parked keys their turn again.")
    parser.add_argument("--consumer", required=True, choices=sorted(consumers))
    parser.add_argument("--district", help="all districts with anything parked, when left out")
    parser.add_argument("--topic")
    parser.add_argument("--key")
    parser.add_argument("--dry-run", action="store_true", help="try it, show what would change, and roll back")
    parser.add_argument(
        "--accept-epoch", action="store_true", help="the source was restored: go on with what it says now"
    )
    parser.add_argument("--requeue", action="store_true", help="first read again what was quarantined")
    asked = parser.parse_args(argv)
    redrive = consumers[asked.consumer]
    districts = [asked.district] if asked.district else redrive.districts()
    waits = [_redriven(redrive, district, asked, tell) for district in districts]
    return int(any(waits))


def _redriven(redrive: Redrive, district: str, asked: argparse.Namespace, tell: Callable[[str], None]) -> bool:
    if asked.requeue:
        for record, outcome in redrive.requeue(district, topic=asked.topic, dry_run=asked.dry_run):
            tell(f"{record.topic:40} partition {record.partition} offset {record.offset:<10} {outcome}")
    waits = False
    decision: Decision | None = "accept-epoch" if asked.accept_epoch else None
    for key in redrive.keys(district, topic=asked.topic, key=asked.key):
        tried, changes = redrive.key(key, district=district, dry_run=asked.dry_run, decision=decision)
        for message, outcome in tried:
            tell(f"{key.topic:40} {key.key:36} {message.epoch:>3}/{message.sequence:<8} {message.type:50} {outcome}")
        for change in changes:
            tell(f"    {change.table:30} +{change.inserted} ~{change.updated} -{change.deleted}")
        waits = waits or any(outcome not in {"applied", "repeat"} for _, outcome in tried)
    if asked.dry_run:
        tell("dry run: nothing was kept")
    return waits

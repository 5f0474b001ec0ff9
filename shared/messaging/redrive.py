"""Redrive: gives a parked key its turn again, in order. Takes the consumer's own lock, so the two never interleave."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

from sqlalchemy import Engine

from shared.messaging import inbox, journal, parking, quarantine, records
from shared.messaging.applying import REJECTIONS, Reactions, Then, caused_by, reason_of
from shared.messaging.inbox import Key, Watermark, key_of
from shared.messaging.ports import Message, Unreadable
from shared.service import database
from shared.service.database import Transaction

_HEAL_SECONDS = 1.0
Decision = Literal["accept-epoch"]


class Tried(NamedTuple):
    """What became of one parked message: applied, repeat, gap, behind, epoch, or the refusal."""

    message: Message
    outcome: str


class Redrive:
    """`reactions` and `then` are the consumer's own, `engine` is the app role's."""

    def __init__(self, consumer: str, engine: Engine, reactions: Reactions, *, then: Then | None = None) -> None:
        self._consumer, self._engine, self._reactions, self._then = consumer, engine, reactions, then

    def run_forever(self, stop: threading.Event) -> None:
        """Beside the consumer, in its process."""
        while not stop.wait(_HEAL_SECONDS):
            for district in self.districts():
                self.heal(district)

    def districts(self) -> Sequence[str]:
        with database.reading(self._engine, granted=[database.EVERY]) as tx:
            return [each.district for each in parking.counts(tx, self._consumer)]

    def heal(self, district: str) -> int:
        """Frees the keys whose gap has been filled since. Rejected events wait for a person, who calls `key`."""
        with database.begin(self._engine, district=district) as tx:
            keys = parking.healed(tx, self._consumer)
        return sum(bool(self.key(key, district=district)) for key in keys)

    def keys(self, district: str, *, topic: str | None = None, key: str | None = None) -> Sequence[Key]:
        with database.begin(self._engine, district=district) as tx:
            return parking.keys(tx, self._consumer, topic=topic, key=key)

    def key(
        self, key: Key, *, district: str, batch: int = 500, dry_run: bool = False, decision: Decision | None = None
    ) -> list[Tried]:
        """What became of each, in order, up to the first that stays. Call again while it returns a full batch.

        `accept-epoch`: a person has found that the source was restored, and lets the new epoch go on from its first number here.
        """
        with database.begin(self._engine, district=district) as tx:
            inbox.share(tx)
            # First the lock, then the reading: the consumer adds to parking under this lock only. Read committed is
            # required.
            mark = inbox.lock(tx, self._consumer, [key])[key]
            waiting = parking.waiting(tx, self._consumer, key, batch=batch)
            if waiting and decision == "accept-epoch":
                mark = Watermark(waiting[0].epoch, waiting[0].sequence - 1, None, parked=True)
            with journal.deferred(tx):
                mark, tried = self._try(tx, mark, waiting)
            inbox.move(tx, self._consumer, {key: replace(mark, parked=parking.any_of(tx, self._consumer, key))})
            applied = [each.message for each in tried if each.outcome == "applied"]
            if self._then and applied:
                self._then(tx, applied)
            if dry_run:
                tx.connection.rollback()
        return tried

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
            verdict: str = inbox.judge(replace(mark, parked=False), message)
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
            with tx.connection.begin_nested(), journal.deferred(tx), caused_by(message):
                if reaction := self._reactions.get(message.type):
                    reaction(tx, [message])
        except REJECTIONS as refusal:
            parking.blame(tx, self._consumer, message, reason=reason_of(refusal))
            return reason_of(refusal)
        return "applied"

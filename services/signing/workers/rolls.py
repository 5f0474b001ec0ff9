"""Finds frozen rolls whose digest our own units now give, and has them copied and counted.

Invariant: a whole roll is read and digested without a lock, and again only after it has changed. The memory of its tries only saves
work: after a restart it tries once more. A roll that stays unmatched raises an alarm, because no rate of its project is evaluated.
"""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Engine

from services.signing.commands.match_roll import MatchRoll, match_roll
from services.signing.store import roll
from services.signing.store.roll import Waiting
from shared.refusal import Refused
from shared.service import database
from shared.service.clock import Clock
from shared.telemetry import log, metrics

_PATIENCE_SECONDS = 60.0  # a correction made before the freezing arrives on another topic, perhaps later
_log = log.get(__name__)


@dataclass
class _Tried:
    waiting_roll: Waiting
    since: float
    alarmed: bool = False


class Rolls:
    def __init__(self, engine: Engine, clock: Clock, *, patience_seconds: float = _PATIENCE_SECONDS) -> None:
        self._engine, self._clock, self._patience_seconds = engine, clock, patience_seconds
        self._tried: dict[UUID, _Tried] = {}
        self._districts: set[str] = set()

    def know(self, districts: Iterable[str]) -> None:
        """Publishes the gauges of these districts from now on, also at 0."""
        self._districts.update(districts)

    def due(self, waiting: Sequence[Waiting]) -> list[Waiting]:
        """The rolls worth a new digest. Raises an alarm for rolls that have failed for too long."""
        self._tried = {
            roll_due.project_id: self._tried[roll_due.project_id] for roll_due in waiting if self._failed(roll_due)
        }
        for tried in self._tried.values():
            self._alarm(tried)
        unmatched = Counter(tried.waiting_roll.district for tried in self._tried.values())
        self._districts |= set(unmatched)
        for district in self._districts:
            metrics.ROLLS_UNMATCHED.labels(district).set(unmatched[district])
        return [roll_due for roll_due in waiting if roll_due.project_id not in self._tried]

    def match(self, waiting_roll: Waiting) -> int:
        """1 when the roll was proved and copied. Signings wait for the copy only, not for the digest."""
        with database.reading(self._engine, granted=[waiting_roll.district]) as tx:
            proof = roll.prove(tx, waiting_roll.project_id)
        if proof is None:
            self._tried[waiting_roll.project_id] = _Tried(waiting_roll, time.monotonic())
            return 0
        with database.begin(self._engine, district=waiting_roll.district) as tx:
            try:
                return int(match_roll(tx, MatchRoll(waiting_roll.project_id, proof), self._clock))
            except Refused as refused:
                if refused.code != "clock-jumped":
                    raise
                return (
                    0  # the refusal raised the alarm; nothing is written, and it is retried until the clock is correct
                )

    def _failed(self, waiting_roll: Waiting) -> bool:
        tried = self._tried.get(waiting_roll.project_id)
        return tried is not None and tried.waiting_roll == waiting_roll

    def _alarm(self, tried: _Tried) -> None:
        if not tried.alarmed and time.monotonic() - tried.since >= self._patience_seconds:
            tried.alarmed = True
            _log.error(
                "roll unmatched", district=tried.waiting_roll.district, project_id=str(tried.waiting_roll.project_id)
            )

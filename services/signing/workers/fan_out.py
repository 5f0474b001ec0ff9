"""Applies decisions of a project to its cases, and counts a roll as soon as it is complete.

Invariant: a failure of one project does not delay another (rounds.py). It keeps no state: due work is read from the tables, so it
continues after any crash.
"""

import threading
from functools import partial
from uuid import UUID

from sqlalchemy import Engine

from services.signing.commands.settle_agreements import SettleAgreements, settle_agreements
from services.signing.store import projects, roll
from services.signing.workers.rolls import Rolls
from shared.messaging.rounds import Rounds, Work
from shared.service import database
from shared.service.clock import Clock


class FanOut:
    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        *,
        batch: int = 200,
        idle_seconds: float = 0.5,
        rolls: Rolls | None = None,
    ) -> None:
        self._engine, self._batch, self._idle_seconds = engine, batch, idle_seconds
        self._rolls = rolls or Rolls(engine, clock)
        self._rounds = Rounds("fan-out")

    def run_once(self) -> int:
        """One batch per project, and every matching roll. Returns how much was done; 0 when nothing is due."""
        with database.reading(self._engine, granted=[database.EVERY]) as tx:
            waiting = roll.waiting(tx)
            known, due = projects.districts(tx), projects.to_settle(tx)
        self._rolls.know(known)
        self._rounds.know(known)
        rolls = [
            Work(it.district, f"roll of {it.project_id}", partial(self._rolls.match, it))
            for it in self._rolls.due(waiting)
        ]
        settling = [
            Work(district, f"cases of {project_id}", partial(self._settle, district, project_id))
            for district, project_id in due
        ]
        return self._rounds.carry_out([*rolls, *settling])

    def run_forever(self, stop: threading.Event) -> None:
        while not stop.is_set():
            if not self.run_once():
                stop.wait(self._idle_seconds)

    def _settle(self, district: str, project_id: UUID) -> int:
        with database.begin(self._engine, district=district) as tx:
            return settle_agreements(tx, SettleAgreements(project_id, self._batch))

"""Plans facts that became complete unseen: two consumers can store the two halves of a message at the same time, and each sees
only its own half.
"""

import threading
from collections.abc import Sequence
from functools import partial

from sqlalchemy import Engine

from services.notify.commands.plan_messages import PlanMessages, plan_messages
from services.notify.store import districts
from services.notify.store.contacts import Opener
from shared.messaging.rounds import Rounds, Work
from shared.service import database
from shared.service.clock import Clock


class Completer:
    def __init__(
        self, engine: Engine, *, opener: Opener, clock: Clock, districts: Sequence[str] = (database.EVERY,)
    ) -> None:
        self._engine, self._opener, self._clock, self._districts = engine, opener, clock, districts
        self._rounds = Rounds("complete")

    def run_forever(self, stop: threading.Event, *, idle_seconds: float = 1.0) -> None:
        while not stop.is_set():
            self.run_once()
            stop.wait(idle_seconds)

    def run_once(self) -> int:
        known = districts.known(self._engine, among=self._districts)
        return self._rounds.carry_out(Work(district, "planning", partial(self._plan, district)) for district in known)

    def _plan(self, district: str) -> int:
        with database.begin(self._engine, district=district) as tx:
            return plan_messages(tx, PlanMessages(self._clock.now()), opener=self._opener)

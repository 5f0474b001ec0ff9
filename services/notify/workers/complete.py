"""Plans what has become complete unseen: two consumers that each brought one half of a message at the same moment saw
only their own. A district in which planning fails does not keep the others waiting.
"""

import threading
from collections.abc import Sequence

from sqlalchemy import Engine

from services.notify.commands.plan_messages import PlanMessages, plan_messages
from services.notify.store import districts
from services.notify.store.contacts import Opener
from shared.service import database
from shared.service.clock import Clock
from shared.telemetry import log

_log = log.get(__name__)


class Completer:
    def __init__(
        self, engine: Engine, *, opener: Opener, clock: Clock, districts: Sequence[str] = (database.EVERY,)
    ) -> None:
        self._engine, self._opener, self._clock, self._districts = engine, opener, clock, districts

    def run_forever(self, stop: threading.Event, *, idle_seconds: float = 1.0) -> None:
        while not stop.is_set():
            self.run_once()
            stop.wait(idle_seconds)

    def run_once(self) -> int:
        return sum(self._district(district) for district in districts.known(self._engine, among=self._districts))

    def _district(self, district: str) -> int:
        try:
            with database.begin(self._engine, district=district) as tx:
                return plan_messages(tx, PlanMessages(self._clock.now()), opener=self._opener)
        except Exception:  # noqa: BLE001 - the other districts are not to wait for it
            _log.exception("messages cannot be planned", district=district)
            return 0

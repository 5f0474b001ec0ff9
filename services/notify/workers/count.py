"""Counts all the time what has become of the planned messages, and says so as metrics. Whether any is missing: the reconciler."""

import threading
from typing import Final

from prometheus_client import Gauge
from sqlalchemy import Engine

from services.notify.queries import conservation
from services.notify.store import districts
from shared.messaging.rounds import Rounds, Work
from shared.service import database

MESSAGES: Final = Gauge(
    "clearwater_messages",
    "Messages by what became of them; `incomplete` wait for a contact or a key.",
    ["state", "district"],
)
_STATES: Final = ("planned", "sent", "held", "withheld", "superseded", "failed", "unknown", "waiting", "incomplete")


class Counter:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._rounds = Rounds("count")

    def run_forever(self, stop: threading.Event, *, idle_seconds: float = 10.0) -> None:
        while not stop.is_set():
            self.run_once()
            stop.wait(idle_seconds)

    def run_once(self) -> None:
        self._rounds.carry_out([Work(database.EVERY, "balance", self._count)])

    def _count(self) -> int:
        with database.reading(self._engine, granted=[database.EVERY]) as tx:
            balances = conservation.by_district(tx)
        for balance in balances:
            for state in _STATES:
                MESSAGES.labels(state, balance.district).set(getattr(balance, state))
        for district in {*districts.known(self._engine, among=[database.EVERY])} - {each.district for each in balances}:
            for state in _STATES:
                MESSAGES.labels(state, district).set(0)
        return len(balances)

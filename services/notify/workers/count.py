"""Publishes the planned messages by state as metrics, continuously. The reconciler checks whether one is missing."""

import threading
from typing import Final

from prometheus_client import Gauge
from sqlalchemy import Engine

from services.notify.queries import channels, conservation
from shared.messaging.rounds import Rounds, Work
from shared.service import database

MESSAGES: Final = Gauge(
    "clearwater_messages",
    "Messages by what became of them; `incomplete` wait for a contact or a key. `planned` is the sum of the others but `incomplete`.",
    ["state", "district"],
)
BY_CHANNEL: Final = Gauge(
    "clearwater_messages_by_channel",
    "Messages by state and channel, each message once; `none` was decided not to be sent. Every known district, from the start.",
    ["state", "channel", "district"],
)
CHANNEL_HELD: Final = Gauge(
    "clearwater_channel_held",
    "1 while a channel is held because it would refuse any message (our credential, credit or address, their machine).",
    ["channel", "district"],
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
            counted = conservation.by_channel(tx)
            held = channels.every(tx)
        for balance in balances:
            for state in _STATES:
                MESSAGES.labels(state, balance.district).set(getattr(balance, state))
        for row in counted:
            BY_CHANNEL.labels(row.state, row.channel, row.district).set(row.messages)
        for channel in held:
            CHANNEL_HELD.labels(channel.channel, channel.district).set(channel.held)
        return len(balances)

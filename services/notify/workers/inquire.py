"""Queries the gateway about messages in doubt: a try that never ended, or a lost answer.

Invariant: this loop sends nothing. A message leaves its doubt only when the gateway knows its outcome; otherwise it stays
unknown, for a person to resolve. A message that cannot be settled does not delay the others.
"""

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import Engine

from services.notify.commands.settle_message import SettleMessage, settle_message
from services.notify.domain.outcome import Accepted, NotAccepted, Unclear
from services.notify.domain.wording import Channel
from services.notify.gateways.ports import Gateway
from services.notify.store import districts, messages
from services.notify.store.messages import InDoubt
from services.notify.workers import failures
from shared.messaging import rounds
from shared.messaging.rounds import Rounds, Work
from shared.service import database, steady
from shared.service.clock import Clock
from shared.telemetry import log

_log = log.get(__name__)

# Longer than the limit of any gateway for one try (60 s in gateways/smtp.py) and the delay of a call (dispatch.py) together, so that a slow
# try is not treated as a dead one. By the time that this process has seen pass: the instant of the try is of another clock, or of one that
# was set since, and a gateway does not know yet what is on its way.
LEASE = timedelta(seconds=90)


class Inquirer:
    def __init__(  # noqa: PLR0913 - the parts that wiring.py puts together
        self,
        engine: Engine,
        gateways: Mapping[Channel, Gateway],
        *,
        clock: Clock,
        lease: timedelta = LEASE,
        districts: Sequence[str] = (database.EVERY,),
        since_boot: Callable[[], float] = steady.since_boot,
    ) -> None:
        self._engine, self._gateways, self._clock, self._lease = engine, gateways, clock, lease
        self._districts, self._since_boot = districts, since_boot
        self._seen: dict[str, dict[InDoubt, float]] = {}  # by district, since when each try is under way
        self._rounds = Rounds("inquire")

    def run_forever(self, stop: threading.Event, *, idle_seconds: float = 2.0) -> None:
        while not stop.is_set():
            if not self.run_once():
                stop.wait(idle_seconds)

    def run_once(self) -> int:
        known = districts.known(self._engine, among=self._districts)
        return sum(self._district(district) for district in known)

    def _district(self, district: str) -> int:
        with database.begin(self._engine, district=district) as tx:
            doubted = messages.in_doubt(tx, real_at=datetime.now(UTC))
        now, before = self._since_boot(), self._seen.get(district, {})
        seen = self._seen[district] = {it: before.get(it, now) for it in doubted if it.under_way}
        given_up = [it for it in doubted if now - seen.get(it, -math.inf) >= self._lease.total_seconds()]
        works = [Work(district, message.message_key, partial(self._settle, district, message)) for message in given_up]
        return self._rounds.carry_out(works)

    def _settle(self, district: str, doubted: InDoubt) -> int:
        outcome = self._answer(doubted) or Unclear("answer-lost")
        at, real_at = self._clock.now(), datetime.now(UTC)
        with database.begin(self._engine, district=district) as tx:
            command = SettleMessage(
                doubted.message_key, doubted.tries, doubted.tried_at, outcome, at=at, real_at=real_at
            )
            settled = settle_message(tx, command)
        failures.count(settled)
        return 1

    def _answer(self, doubted: InDoubt) -> Accepted | NotAccepted | None:
        try:
            return self._gateways[doubted.channel].ask(doubted.message_key)
        except Exception as failure:  # noqa: BLE001 - a gateway that raises has given no answer
            _log.error("gateway failed", message_key=doubted.message_key, code=rounds.code(failure))
            return None

"""Sends events to the endpoints of agencies.

    a round of a district: new endpoints, what the log has grown by, whose turn it is ─▶ claims ─▶ commit
    a thread for each claim: POST ─▶ settle ─▶ commit

Invariant: no transaction is open while an endpoint is called. What an agency is granted is asked in the transaction that claims, so a
revocation ends the sending with the next round. An endpoint that fails or hangs takes threads of the doubtful, never those of the others.
Left to others: what follows from an answer (domain/delivering.py), which delivery is next (store/deliveries.py).
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from services.reporting.commands.settle_delivery import (
    SettleDelivery,
    SettleHandshake,
    settle_delivery,
    settle_handshake,
)
from services.reporting.domain import webhook_body
from services.reporting.domain.delivering import Outcome
from services.reporting.gateways.endpoints import Endpoints
from services.reporting.store import deliveries, endpoint_states, granted_types
from services.reporting.store.deliveries import Claimed, Rights, Slots
from services.reporting.store.endpoint_states import Picked
from services.reporting.store.signing_keys import SigningKeys
from shared.messaging import sealing
from shared.messaging.rounds import Rounds, Work
from shared.service import database
from shared.service.clock import Clock
from shared.service.database import Transaction
from shared.telemetry import log, metrics

LEASE: Final = timedelta(minutes=1)  # longer than one attempt, whatever the endpoint and its name server do
_PER_ENDPOINT: Final = 2  # deliveries under way at once
_log = log.get(__name__)


@dataclass(frozen=True)
class Threads:
    """`sound`: for endpoints whose last answer was good; `doubtful`: for all others, which may hang."""

    sound: int = 48
    doubtful: int = 16


@dataclass(frozen=True)
class _Act:
    """What a thread does now."""

    district: str
    endpoint_id: UUID
    doubtful: bool
    carry_out: Callable[[], None]
    greets: bool = False


class Deliverer:
    """`clock`: the business clock, by which grants begin and end. `now`: the clock of retries, which a test may turn."""

    def __init__(  # noqa: PLR0913 - the parts that wiring.py puts together
        self,
        engine: Engine,
        endpoints: Endpoints,
        keys: SigningKeys,
        *,
        clock: Clock,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        threads: Threads = Threads(),
    ) -> None:
        self._engine, self._endpoints, self._keys, self._clock, self._now = engine, endpoints, keys, clock, now
        self._most = {False: threads.sound, True: threads.doubtful}
        self._busy: Counter[bool] = Counter()  # threads, by whether they are for doubtful endpoints
        self._greeting: set[UUID] = set()
        self._lock, self._wake = threading.Lock(), threading.Event()
        self._rounds = Rounds("deliver")
        self._filters: dict[str, tuple[Rights, str | None]] = {}  # granted and wanted at the last round of a district

    def run_forever(self, stop: threading.Event, *, idle_seconds: float = 0.25) -> None:
        with ThreadPoolExecutor(sum(self._most.values()), "deliver") as pool:
            while not stop.is_set():
                self._wake.clear()
                for act in self._round():
                    pool.submit(self._carry_out, act)
                self._wake.wait(idle_seconds)

    def run_once(self) -> int:
        """One round in this thread, one delivery after the other. How many handshakes and deliveries there were."""
        acts = self._round()
        for act in acts:
            self._carry_out(act)
        return len(acts)

    def _round(self) -> list[_Act]:
        """A district whose round fails delays no other one."""
        found: list[_Act] = []
        districts = endpoint_states.known_districts(self._engine)
        self._rounds.carry_out(Work(it, "endpoints", partial(self._of_district, it, found)) for it in districts)
        return found

    def _of_district(self, district: str, found: list[_Act]) -> int:
        """The claims are committed before anything is sent."""
        with database.begin(self._engine, district=district) as tx:
            granted, wanted = granted_types.in_force(tx, now=self._clock.now()), deliveries.wanted(tx)
            acts = self._claimed(tx, granted, changed=self._filters.get(district) != (granted, wanted))
        self._filters[district] = granted, wanted
        with self._lock:
            self._busy.update(act.doubtful for act in acts)
            self._greeting.update(act.endpoint_id for act in acts if act.greets)
        found += acts
        return len(acts)

    def _claimed(self, tx: Transaction, granted: Rights, *, changed: bool) -> list[_Act]:
        """All of a round but the sending. `changed`: other types are granted or wanted than at the round before."""
        now = self._now()
        endpoint_states.begin_round(tx, now=now)
        if changed:
            deliveries.withhold(tx, granted, now=now)
        deliveries.plan(tx, granted, now=now)
        picked = [*self._picked(tx, granted, doubtful=False), *self._picked(tx, granted, doubtful=True)]
        open_ones = [it for it in picked if it.condition.status == "open"]
        wanted = [Slots(it.endpoint_id, it.agency, it.ordering, _slots(it)) for it in open_ones]
        claims = deliveries.claim(tx, self._within_free(wanted, open_ones), granted, now=now, lease_ends_at=now + LEASE)
        spent = Counter(claim.endpoint_id for claim in claims)
        endpoint_states.served(
            tx, [(it.endpoint_id, it.allowance.without(spent[it.endpoint_id])) for it in picked], now=now
        )
        doubtful = {it.endpoint_id for it in picked if it.condition.failures}
        sending = [
            _Act(tx.district, it.endpoint_id, it.endpoint_id in doubtful, partial(self._deliver, tx.district, it))
            for it in claims
        ]
        greeting = [
            _Act(
                tx.district, it.endpoint_id, doubtful=True, carry_out=partial(self._greet, tx.district, it), greets=True
            )
            for it in picked
            if it.condition.status == "new"
        ]
        return [*greeting, *sending]

    def _picked(self, tx: Transaction, granted: Rights, *, doubtful: bool) -> list[Picked]:
        free = self._free(doubtful=doubtful)
        if free <= 0:
            return []
        with self._lock:
            busy = list(self._greeting)
        return endpoint_states.pick(tx, agencies=granted, busy=busy, doubtful=doubtful, most=free, now=self._now())

    def _free(self, *, doubtful: bool) -> int:
        with self._lock:
            return self._most[doubtful] - self._busy[doubtful]

    def _within_free(self, wanted: Iterable[Slots], picked: Iterable[Picked]) -> Iterator[Slots]:
        """No more than there are threads: first one for each endpoint, then the second ones."""
        free = {doubtful: self._free(doubtful=doubtful) for doubtful in (False, True)}
        both = [(slots, bool(it.condition.failures)) for slots, it in zip(wanted, picked, strict=True) if slots.most]
        for _, doubtful in both:
            free[doubtful] -= 1
        for slots, doubtful in both:
            more = min(slots.most - 1, max(0, free[doubtful]))
            free[doubtful] -= more
            yield Slots(slots.endpoint_id, slots.agency, slots.ordering, 1 + more)

    def _carry_out(self, act: _Act) -> None:
        try:
            act.carry_out()
        except Exception:  # noqa: BLE001 - the claim ends by itself, and the delivery is claimed again
            _log.exception("delivery broken off", district=act.district, endpoint_id=str(act.endpoint_id))
        finally:
            with self._lock:
                self._busy[act.doubtful] -= 1
            self._wake.set()

    def _greet(self, district: str, picked: Picked) -> None:
        try:
            found = self._endpoints.greet(picked.url)
            command = SettleHandshake(
                picked.endpoint_id, picked.url, found.outcome, found.rate, at=self._now(), spread=_spread()
            )
            self._settle(district, partial(settle_handshake, command=command))
        finally:
            with self._lock:
                self._greeting.discard(picked.endpoint_id)

    def _deliver(self, district: str, claimed: Claimed) -> None:
        began_at, began = self._now(), time.perf_counter()
        outcome = self._sent(district, claimed)
        seconds = time.perf_counter() - began
        command = SettleDelivery(
            claimed,
            outcome,
            began_at=began_at,
            milliseconds=round(seconds * 1000),
            at=self._now(),
            granted_at=self._clock.now(),
            spread=_spread(),
        )
        self._settle(district, partial(settle_delivery, command=command))
        metrics.WEBHOOK_ATTEMPTS.labels("delivered" if outcome.delivered else "failed", district).inc()
        if outcome.delivered and claimed.message:
            waited = max(0.0, (datetime.now(UTC) - claimed.logged_at).total_seconds())
            metrics.WEBHOOK_SECONDS.labels(district).observe(waited)

    def _settle(self, district: str, act: Callable[[Transaction], object]) -> None:
        """Again after a deadlock: a round takes the locks of deliveries and endpoints in another order."""
        for last in (False, False, True):
            try:
                with database.begin(self._engine, district=district) as tx:
                    act(tx)
            except DBAPIError as failure:
                if last or not database.transient(failure):
                    raise
            else:
                return

    def _sent(self, district: str, claimed: Claimed) -> Outcome:
        try:
            secrets = self._keys.live(claimed.endpoint_id, claimed.secrets, at=self._clock.now())
        except sealing.Unopened:
            _log.error("secret unreadable", district=district, endpoint_id=str(claimed.endpoint_id))
            return Outcome("secret-unreadable", of_endpoint=True)
        body = _body(district, claimed)
        return self._endpoints.post(claimed.url, body, event_id=str(claimed.event_id), secrets=secrets)


def _spread() -> float:
    return random.random()  # noqa: S311 - it spreads retries, and keeps nothing secret


def _slots(picked: Picked) -> int:
    """How many deliveries it may be sent now: one where its last answer was bad, and none beside that one."""
    most = 1 if picked.condition.failures else _PER_ENDPOINT
    return picked.allowance.most(max(0, most - picked.under_way))


def _body(district: str, claimed: Claimed) -> bytes:
    if claimed.message is None:
        return webhook_body.of_test(
            claimed.event_id, district=district, endpoint_id=claimed.endpoint_id, at=datetime.now(UTC)
        )
    return webhook_body.of_event(claimed.message, claimed.message.payload, claimed.place)

"""Makes the statement of each business day for each agency, once the day is over.

    at start and after each midnight in Shanghai: for each agency the days since its last statement, in their order, each in a transaction

Invariant: a statement is made from the log alone, so it does not matter when: a process that was down for a month makes thirty of them. The
days are those of real time, as the log's own instants are, also where the business clock of a demo says something else. Left to others:
what is given (domain/statement.py), the signature (store/statement_key.py).
"""

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Engine

from services.reporting.domain import statement
from services.reporting.domain.statement import Account, Act, Right
from services.reporting.store import statements
from services.reporting.store.statement_key import StatementKey
from services.reporting.store.statements import Latest, Statement
from shared.events.day import business_day, midnight
from shared.messaging.rounds import Rounds, Work
from shared.service import database
from shared.service.database import Transaction
from shared.telemetry import log

_DAY = timedelta(days=1)
_log = log.get(__name__)


class Stating:
    """`issuer`: the public address of this installation."""

    def __init__(
        self, engine: Engine, key: StatementKey, *, issuer: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._engine, self._key, self._issuer, self._now = engine, key, issuer, now
        self._rounds = Rounds("statements")
        self._done: dict[tuple[str, str], date] = {}  # the day up to which nothing is left to state

    def run_forever(self, stop: threading.Event, *, idle_seconds: float = 10.0) -> None:
        while not stop.is_set():
            self.run_once()
            stop.wait(idle_seconds)

    def run_once(self) -> int:
        """How many statements were made. A district whose agencies cannot be read delays no other one."""
        today, found = business_day(self._now()), dict[str, list[str]]()
        self._rounds.carry_out(
            Work(district, "agencies", partial(self._find, district, found))
            for district in self._districts()
            if self._done.get((district, "")) != today
        )
        return self._rounds.carry_out(self._works(found, today))

    def _works(self, found: Mapping[str, Sequence[str]], today: date) -> Iterator[Work]:
        """Each district once a day. An agency comes again on the same day only when its statement has failed."""
        for district, agencies in found.items():
            for agency in agencies:
                if self._done.get((district, agency)) != today:
                    yield Work(district, agency, partial(self._state, district, agency, today))
            if all(self._done.get((district, agency)) == today for agency in agencies):
                self._done[district, ""] = today

    def _districts(self) -> Sequence[str]:
        with database.reading(self._engine, granted=[database.EVERY]) as tx:
            return statements.districts(tx)

    def _find(self, district: str, found: dict[str, list[str]]) -> int:
        """Nothing is found where the log lacks its beginning: then nothing can be stated yet."""
        with database.begin(self._engine, district=district) as tx:
            statements.keep_key(tx, self._key.key_id, self._key.public)
            if place := statements.standing(tx):
                found[district] = list(statements.agencies(tx, place[0]))
        return 0

    def _state(self, district: str, agency: str, today: date) -> int:
        made = 0
        while self._made_next(district, agency, today):
            made += 1
        self._done[district, agency] = today
        return made

    def _made_next(self, district: str, agency: str, today: date) -> bool:
        """The agency's next day before today on which it was granted something. False: there is none left."""
        with database.begin(self._engine, district=district) as tx:
            place = statements.standing(tx)
            acts = statements.history(tx, agency, place[0]) if place else []
            before = statements.latest(tx, agency)
            if place is None or not acts:
                return False
            begun = business_day(statements.logged_at(tx, place[0], 1))
            day, rights = _next_day(acts, before, begun=begun, today=today)
            if not rights:
                return False
            made = self._statement(tx, agency, day, place=place, rights=rights, before=before)
            kept = statements.keep(tx, made)
        if kept:
            _log.info("statement made", district=district, agency=agency, business_on=str(day), last=made.last_number)
        return True

    def _statement(  # noqa: PLR0913 - what it is made from
        self,
        tx: Transaction,
        agency: str,
        day: date,
        *,
        place: tuple[int, int],
        rights: list[Right],
        before: Latest | None,
    ) -> Statement:
        epoch, reached = place
        account = Account(rights, datetime.min.replace(tzinfo=UTC))
        after = _after(before, epoch, account.types)
        if before and after:
            account.begins = midnight(before.business_on + _DAY)
        last = statements.last_before(tx, epoch, after=after, ends=midnight(day + _DAY), reached=reached)
        account.take(statements.entries(tx, epoch, after=after, last=last))
        document = {
            "version": 1,
            "issuer": self._issuer,
            "district": tx.district,
            "agency": agency,
            "business_on": day.isoformat(),
            "time_zone": statement.ZONE,
            "made_at": self._now().isoformat(),
            "epoch": epoch,
            "after_number": after,
            "last_number": last,
            **account.document(),
            "undelivered": statements.undelivered(tx, agency, epoch, last=last, event_types=account.types),
            "previous": _previous(before),
        }
        return Statement(agency, day, epoch, after, last, account.types, self._key.sign(document))


def _next_day(acts: list[Act], before: Latest | None, *, begun: date, today: date) -> tuple[date, list[Right]]:
    """`begun`: the day of the epoch's first entry. What an epoch does not reach back to cannot be stated from it."""
    day = max(begun, before.business_on + _DAY if before else statement.first_day(acts) or today)
    while day < today:
        if rights := statement.rights(acts, day):
            return day, rights
        day += _DAY
    return day, []


def _after(before: Latest | None, epoch: int, types: list[str]) -> int:
    """Where the types have grown, the new ones reach back to the first event, and so does the statement."""
    goes_on = before and before.epoch == epoch and set(types) <= set(before.event_types)
    return before.last_number if before and goes_on else 0


def _previous(before: Latest | None) -> dict[str, Any] | None:
    """Its digest, so that none can be replaced or left out later."""
    if before is None:
        return None
    return {
        "business_on": before.business_on.isoformat(),
        "sha256": hashlib.sha256(before.signed.encode()).hexdigest(),
    }

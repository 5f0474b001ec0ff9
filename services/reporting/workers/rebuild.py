"""Rebuild by shadow: the read model is built again beside the live one, from offset 0, and takes its place in one transaction.

    create model_next ─▶ a consumer of its own reads everything ─▶ as far as the live one ─▶ swap ─▶ drop model_old

Invariant: the live consumer runs all the time, except during the swap, and loses nothing in it: every transaction that writes the
model shares a lock (inbox.share) before it names a table, and the swap holds the lock alone until the shadow has every mark of the live
inbox. Every reader of several statements (database.reading) has locked the inbox before its snapshot, and the swap waits for it: with an
older snapshot it would not see what the shadow has written since. The feed is not part of the model: its numbers go on, and one entry
`rebuilt` per district tells the screens to start from a snapshot. What the shadow applied before the live consumer did gets its numbers
in the swap (store/ahead.py).
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from services.reporting.store import feed, model_schema
from services.reporting.store.ahead import Ahead
from services.reporting.store.model_schema import LIVE, NEXT, OLD, Behind
from services.reporting.workers.filling import Filling
from shared.messaging.consumer import Consumer
from shared.messaging.ports import Subscription
from shared.messaging.reactions import AfterReactions, Reactions, Received
from shared.messaging.redrive import Redrive
from shared.service import database
from shared.service.database import Transaction

_REPORT_SECONDS = 2.0
_SWAP_SECONDS = 5.0  # how long the live consumer may be kept waiting
_PATIENCE = 10
_QUIET_POLLS = 5
_NEAR = 2_000
_LOCK_NOT_AVAILABLE = "55P03"


class Stuck(Exception):  # noqa: N818 - names the state found
    """The shadow has read everything and still lacks events of the live model: its reactions reject more; or another rebuild is under way.
    Nothing was swapped.
    """


class Rebuild:
    """`owner` owns the schemas; `shadow` is the app role's engine with SEARCH_PATH_NEXT; `subscription` has a group of its own.

    `after_reactions`: what the live consumer does last in its transactions. `filling`: the exchange log is filled too.
    """

    def __init__(  # noqa: PLR0913 - the parts that wiring.py puts together
        self,
        service: str,
        tables: Sequence[str],
        *,
        owner: Engine,
        shadow: Engine,
        subscription: Subscription,
        consumer: str,
        reactions: Reactions,
        show_line: Callable[[str], None],
        after_reactions: AfterReactions | None = None,
        filling: Filling | None = None,
    ) -> None:
        self._service, self._tables, self._owner, self._show_line = service, tables, owner, show_line
        self._name, self._subscription, self._shadow = consumer, subscription, shadow
        self._after_live, self._filling = after_reactions, filling
        self._ahead = Ahead(consumer, live=LIVE, shadow=NEXT)
        self._consumer = Consumer(consumer, shadow, subscription, reactions, after_reactions=self._after)
        self._redrive = Redrive(consumer, shadow, reactions, after_reactions=self._after)
        self._read, self._shown_at = 0, 0.0

    def run(self) -> None:
        """Raises Stuck, and every error that stops a consumer. The live model is then unchanged."""
        with model_schema.the_only_rebuild(self._owner) as alone:
            if not alone:
                raise Stuck("another rebuild is under way")
            self._run()

    def _run(self) -> None:
        self._create()
        self._catch_up()
        for attempt in range(1, _PATIENCE + 1):
            if self._swapped():
                break
            self._show_line(
                f"swap {attempt} of {_PATIENCE}: the live model moved on, or its readers did not let go; trying again"
            )
            self._catch_up()
        else:
            raise Stuck("no quiet moment was found")
        self._subscription.close()
        self._shadow.dispose()  # its connections would find no schema any more
        self._drop(OLD)
        self._show_line(f"rebuilt from {self._read} records")

    def _after(self, tx: Transaction, applied: Sequence[Received[Any]]) -> None:
        self._ahead.note(tx, applied)
        if self._filling:
            self._filling.after(tx, applied)

    def _create(self) -> None:
        self._drop(OLD)
        self._drop(NEXT)
        with self._owner.begin() as connection:
            model_schema.create(connection, self._service, self._tables)
            if self._filling:
                database.see_all(connection)
                self._filling.choose_epoch(connection)
        self._show_line(f"{NEXT} created")

    def _drop(self, name: str) -> None:
        with self._owner.begin() as connection:
            model_schema.drop(connection, name)

    def _catch_up(self) -> None:
        """Reads until so little is left that the live consumer can wait for it. The topics themselves never end."""
        quiet = 0
        while quiet < _QUIET_POLLS:
            polled = self._step()
            quiet = 0 if polled else quiet + 1
            if sum(self._subscription.lag().values()) <= _NEAR if polled else not self._is_behind():
                return
        raise Stuck(f"read everything and still behind: {self._is_behind()}")

    def _step(self) -> int:
        polled = self._consumer.run_once()
        self._read += polled
        if not polled:
            for district in self._redrive.districts():
                self._redrive.heal(district)
        if time.monotonic() - self._shown_at > _REPORT_SECONDS:
            self._shown_at = time.monotonic()
            self._show_line(f"{self._read} records read, {sum(self._subscription.lag().values())} to go")
        return polled

    def _swapped(self) -> bool:
        try:
            with self._owner.begin() as connection:
                model_schema.lock_alone(connection)
                until = time.monotonic() + _SWAP_SECONDS
                while behind := model_schema.behind(connection, self._name):
                    if time.monotonic() > until:
                        self._show_line(f"still behind: {behind}")
                        return False
                    self._step()
                self._rename(connection)
        except OperationalError as failure:
            if database.sqlstate(failure) != _LOCK_NOT_AVAILABLE:
                raise
            return False
        return True

    def _rename(self, connection: Connection) -> None:
        districts = model_schema.lock_inboxes(connection)
        ahead = self._ahead.by_district(connection)
        model_schema.rename(connection)
        for district in districts:
            database.see_all(connection, write_to=district)
            self._begin(Transaction(connection, district), ahead.get(district, ()))

    def _begin(self, tx: Transaction, ahead: Sequence[Received[Any]]) -> None:
        feed.append(tx, [feed.Entry("rebuilt", {})])
        if ahead and self._after_live:
            self._after_live(tx, ahead)
        if self._filling:
            self._filling.begin(tx)

    def _is_behind(self) -> list[Behind]:
        with self._owner.begin() as connection:
            return model_schema.behind(connection, self._name)

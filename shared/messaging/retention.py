"""Retention: deletes bodies that have no purpose any more, in small batches.

Invariant: watermarks, numbers, keys, reasons and the journal stay; only what was released is trimmed. A batch is a short transaction of
its own.
"""

import threading
from collections.abc import Sequence
from functools import partial

from sqlalchemy import Engine, TextClause, text

from shared.messaging import inbox
from shared.messaging.rounds import Rounds, Work
from shared.service import database
from shared.service.database import Transaction

PARKED = text("""
    update parked set payload = null, headers = '{}', trimmed_at = clock_timestamp()
    where (consumer, topic, key, epoch, sequence) in (
        select consumer, topic, key, epoch, sequence from parked
        where released_at < clock_timestamp() - interval '90 days' and trimmed_at is null limit :batch)
""")
QUARANTINED = text("""
    update quarantined set value = null, headers = '[]', trimmed_at = clock_timestamp()
    where (consumer, topic, partition, "offset") in (
        select consumer, topic, partition, "offset" from quarantined
        where released_at < clock_timestamp() - interval '90 days' and trimmed_at is null limit :batch)
""")
CONSUMER = (PARKED, QUARANTINED)


class Retention:
    """`engine` is the mechanism role's. `rules` are statements with a limit :batch; a service adds its own to the kit's."""

    def __init__(self, engine: Engine, rules: Sequence[TextClause] = CONSUMER, *, batch: int = 500) -> None:
        self._engine, self._rules, self._batch = engine, rules, batch
        self._rounds = Rounds("retention")

    def run_once(self) -> int:
        """One batch of every rule; how many rows it took in all."""
        return self._rounds.carry_out(
            Work(database.EVERY, _table(rule), partial(self._trimmed, rule)) for rule in self._rules
        )

    def run_forever(self, stop: threading.Event, *, idle_seconds: float = 60.0) -> None:
        while not stop.is_set():
            if not self.run_once():
                stop.wait(idle_seconds)

    def _trimmed(self, rule: TextClause) -> int:
        with self._engine.begin() as connection:
            inbox.share(Transaction(connection, ""))
            return connection.execute(rule, {"batch": self._batch}).rowcount


def _table(rule: TextClause) -> str:
    """What a rule trims, for the log: `parked` of `update parked set …`, `feed` of `delete from feed …`."""
    return str(rule).split("where")[0].replace("delete from", "").replace("update", "").split()[0]

"""Fills the exchange log of an installation that applied events before it had one: a rebuild that also writes the log.

The rebuild reads the topics from the first record and judges each event as the live consumer does. What it applies is appended under
the next epoch, beside the log that goes on; in the transaction of the swap that epoch becomes the log's. A subscriber's cursor is
of the former epoch then, and the feed tells it to begin anew.

Invariant: the log of the new epoch and the model that takes its place hold the same events. A filling that fails leaves log and model
as they were; its entries stay under an epoch that nobody reads.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from services.reporting.store import exchange_log, feed
from shared.messaging.reactions import Received
from shared.service.database import Transaction


class Filling:
    """`epoch`: 0 until the rebuild has begun."""

    def __init__(self) -> None:
        self.epoch = 0

    def choose_epoch(self, connection: Connection) -> None:
        """While no other rebuild can choose the same."""
        self.epoch = exchange_log.next_epoch(connection)

    def after(self, tx: Transaction, applied: Sequence[Received[Any]]) -> None:
        """The shadow's `after_reactions`. The walls show these events already, at the latest under the number that stands now."""
        standing = feed.latest(tx.connection, tx.district)
        exchange_log.fill(tx, self.epoch, [exchange_log.Entry(standing, it.message) for it in applied])

    def begin(self, tx: Transaction) -> None:
        exchange_log.begin_epoch(tx, self.epoch)

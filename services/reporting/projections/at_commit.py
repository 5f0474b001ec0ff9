"""The end of every transaction of the live consumer, in this order: feed numbers, log numbers, reports of closed days."""

from collections.abc import Sequence
from typing import Any

from services.reporting.projections import daily_reports, exchange
from shared.messaging.reactions import Received
from shared.service.database import Transaction


def after(tx: Transaction, applied: Sequence[Received[Any]]) -> None:
    """The consumer's `after_reactions`: receives everything that was applied in this transaction."""
    exchange.number(tx, applied)
    daily_reports.freeze(tx, applied)

"""The screens' changes get their feed numbers, and every event its log number beside the feed number that shows it."""

from collections.abc import Sequence
from typing import Any

from services.reporting.projections import feed_entries
from services.reporting.projections.reactions import WITHOUT_SCREEN
from services.reporting.store import exchange_log, feed
from shared.messaging.reactions import Received
from shared.service.database import Transaction


def number(tx: Transaction, applied: Sequence[Received[Any]]) -> None:
    shown = [it for it in applied if it.kind not in WITHOUT_SCREEN]
    numbers = feed_entries.append(tx, shown)
    latest = feed.latest(tx.connection, tx.district)
    of_event = {it.message.event_id: numbers[feed_entries.project_of(it)] for it in shown}
    entries = [exchange_log.Entry(of_event.get(it.message.event_id, latest), it.message) for it in applied]
    exchange_log.append(tx, entries)

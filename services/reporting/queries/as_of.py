"""As of when: the feed number of a snapshot, and since when it is complete.

The consumer notes in `pulses` the last moment at which it had applied everything that the topics held. Later events may be
missing here, so the lag is the time since that moment: it also grows when the broker is away or the consumer is down.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from shared.service.clock import Clock
from shared.service.database import Transaction

_NUMBER = text("""
    select coalesce(sum(last_number), 0) from feed_numbers where cast(:district as text) is null or district = :district
""")
_PULSE = text("select extract(epoch from clock_timestamp() - min(caught_up_at)) from pulses")


@dataclass(frozen=True)
class AsOf:
    """`at` in the time of the business clock, None before the consumer's first pulse. `lag_seconds` in real time."""

    number: int
    at: datetime | None
    lag_seconds: float | None


def of(tx: Transaction, clock: Clock, *, district: str | None = None) -> AsOf:
    """`district` None: all granted districts; their numbers are summed."""
    number = int(tx.connection.execute(_NUMBER, {"district": district}).scalar_one())
    behind = tx.connection.execute(_PULSE).scalar_one()
    if behind is None:
        return AsOf(number, None, None)
    lag = max(0.0, float(behind))
    return AsOf(number, clock.now().astimezone(UTC) - timedelta(seconds=lag), round(lag, 1))

"""As of when: the feed number of a snapshot, and since when it is complete.

The consumer notes in `pulses` the last moment at which it had applied everything that the topics held. Later events may be
missing here, so the lag is the time since that moment: it also grows when the broker is away or the consumer is down.
"""

from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, Field
from sqlalchemy import text

from shared.service.clock import Clock
from shared.service.database import Transaction

_NUMBER = text("""
    select coalesce(sum(last_number), 0) from feed_numbers where cast(:district as text) is null or district = :district
""")
_PULSE = text("select extract(epoch from clock_timestamp() - min(caught_up_at)) from pulses")


class AsOfState(BaseModel):
    """As of when the rest of the answer is right."""

    number: int = Field(
        description="feed number of the district: what has been applied; the sum where districts stand together"
    )
    at: datetime | None = Field(description="instant up to which the answer is complete, null before the first event")
    lag_seconds: float | None = Field(description="how long ago that was")


def of(tx: Transaction, clock: Clock, *, district: str | None = None) -> AsOfState:
    """`district` None: all granted districts; their numbers are summed."""
    number = int(tx.connection.execute(_NUMBER, {"district": district}).scalar_one())
    behind = tx.connection.execute(_PULSE).scalar_one()
    if behind is None:
        return AsOfState(number=number, at=None, lag_seconds=None)
    lag = max(0.0, float(behind))
    at = clock.now().astimezone(UTC) - timedelta(seconds=lag)
    return AsOfState(number=number, at=at, lag_seconds=round(lag, 1))

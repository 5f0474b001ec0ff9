"""Instants that define an order: later than the last one of the same agreement and series, from a trusted clock.

Invariant: if the clock stands still or is slightly behind, the next instant is the last one plus a microsecond. A clock that jumped by
more than steady.BOUND, back or forward, is not used at all, so that one wrong minute does not fix the order of all later acts. Idle time
is not a jump: the time since the last act is not compared. Decision record 21 says how a jump is known.
"""

from datetime import datetime, timedelta
from typing import NoReturn

from sqlalchemy import text

from shared.refusal import Refused
from shared.service.clock import Clock, Watched
from shared.service.database import Transaction
from shared.service.steady import BOUND
from shared.telemetry import log, metrics

_TICK = timedelta(microseconds=1)  # the resolution of PostgreSQL
_DATABASE = text("select clock_timestamp()")
_log = log.get(__name__)


def next_one(tx: Transaction, clock: Clock, *before: datetime | None, database_at: datetime | None = None) -> datetime:
    """Later than all of `before`. Call it under the lock that orders them. Raises Refused: clock-jumped.

    `database_at`: what the database's clock showed just now, where the caller has read it with something else.
    """
    now, last = clock.now(), max((at for at in before if at), default=None)
    if off := _strayed(tx, clock, database_at):
        _refuse(tx, off)
    if last is None:
        return now
    if last - now > BOUND:
        _refuse(tx, now - last)
    return max(now, last + _TICK)


def _strayed(tx: Transaction, clock: Clock, database_at: datetime | None) -> timedelta:
    """Compares with the machine's time since boot, and with the database's clock, which all machines share."""
    if not isinstance(clock, Watched):
        return timedelta()
    if off := clock.strayed():
        return off
    off = clock.real() - (database_at or tx.connection.execute(_DATABASE).scalar_one())
    return off if abs(off) > BOUND else timedelta()


def _refuse(tx: Transaction, off: timedelta) -> NoReturn:
    direction, seconds = "back" if off < timedelta() else "forward", round(abs(off).total_seconds())
    metrics.CLOCK_JUMPED.labels(direction).inc()
    _log.error("clock jumped", district=tx.district, direction=direction, seconds=seconds)
    raise Refused("clock-jumped", direction=direction, seconds=seconds)

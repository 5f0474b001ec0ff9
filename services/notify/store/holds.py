"""Holds of channels in PostgreSQL, shared by the dispatchers of all processes. Only one of them probes at a time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from sqlalchemy import text

from services.notify.domain import hold
from services.notify.domain.wording import Channel
from shared.service.database import Transaction

_LEASE: Final = timedelta(minutes=2)  # after this time the probe of a dead process is repeated

# Locked, so that only one of several concurrent dispatchers takes the probe.
_OPEN = text("select next_probe_at, probes from channel_holds where channel = :channel and ended_at is null for update")
_BEGIN = text("""
    insert into channel_holds (district, hold_id, channel, code, began_at, next_probe_at)
    values (:district, :hold_id, :channel, :code, :real_at, :next_probe_at)
    on conflict (district, channel) where ended_at is null do nothing returning true
""")
_LEASED = text("update channel_holds set next_probe_at = :until where channel = :channel and ended_at is null")
_FAILED = text("""
    update channel_holds set probes = :probes, code = coalesce(:code, code), next_probe_at = :next_probe_at
    where channel = :channel and ended_at is null
""")
_END = text("update channel_holds set ended_at = :real_at where channel = :channel and ended_at is null returning true")


@dataclass(frozen=True)
class Hold:
    next_probe_at: datetime
    probes: int


def find(tx: Transaction, channel: Channel) -> Hold | None:
    """The open hold of this district's channel, locked until the commit."""
    row = tx.connection.execute(_OPEN, {"channel": channel}).one_or_none()
    return None if row is None else Hold(*row)


def begin(
    tx: Transaction, channel: Channel, *, code: str, retry_after: timedelta | None = None, real_at: datetime
) -> bool:
    """False when the channel is already held."""
    row = {"district": tx.district, "hold_id": uuid4(), "channel": channel, "code": code, "real_at": real_at}
    next_probe_at = real_at + hold.pause(0, retry_after)
    return bool(tx.connection.execute(_BEGIN, {**row, "next_probe_at": next_probe_at}).scalar())


def lease(tx: Transaction, channel: Channel, *, real_at: datetime) -> None:
    """Claims the probe for this dispatcher, for a limited time."""
    tx.connection.execute(_LEASED, {"channel": channel, "until": real_at + _LEASE})


def probe_failed(
    tx: Transaction, channel: Channel, *, code: str | None, retry_after: timedelta | None = None, real_at: datetime
) -> None:
    """Keeps the hold and schedules a later probe. `code` is None when the probe's answer was lost."""
    if found := find(tx, channel):
        next_probe_at = real_at + hold.pause(found.probes + 1, retry_after)
        row = {"channel": channel, "code": code, "probes": found.probes + 1, "next_probe_at": next_probe_at}
        tx.connection.execute(_FAILED, row)


def probe_at(tx: Transaction, channel: Channel, *, at: datetime) -> bool:
    """False when the channel is not held."""
    return tx.connection.execute(_LEASED, {"channel": channel, "until": at}).rowcount > 0


def end(tx: Transaction, channel: Channel, *, real_at: datetime) -> bool:
    """False when the channel was not held."""
    return bool(tx.connection.execute(_END, {"channel": channel, "real_at": real_at}).scalar())

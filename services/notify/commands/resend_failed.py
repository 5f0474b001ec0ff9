"""Resends all messages that failed with one code, for instance after an outage. A person orders it; the order is recorded."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.notify.domain.wording import Channel
from services.notify.store import resends
from shared.service.database import Transaction
from shared.telemetry import log

_log = log.get(__name__)


@dataclass(frozen=True)
class ResendFailed:
    """`channel` is None for all channels. `real_at`: real time of the order; sending starts then."""

    code: str
    reason: str
    ordered_by: str
    real_at: datetime
    channel: Channel | None = None


@dataclass(frozen=True)
class Resent:
    """`resend_id` is None when no failed message has this code."""

    resend_id: UUID | None
    messages: int


def count_failed(tx: Transaction, code: str, channel: Channel | None = None) -> int:
    """How many messages `resend_failed` would send again. Changes nothing."""
    return resends.count(tx, code, channel)


def resend_failed(tx: Transaction, command: ResendFailed) -> Resent:
    """Idempotent: a second call finds no failed message and sends nothing."""
    keys = resends.order(tx, command.code, command.channel, real_at=command.real_at)
    if not keys:
        return Resent(None, 0)
    act = resends.Act(command.code, command.channel, command.reason, command.ordered_by, command.real_at)
    resend_id = resends.record(tx, act, keys)
    _log.info("sent again", district=tx.district, code=command.code, messages=len(keys), resend_id=str(resend_id))
    return Resent(resend_id, len(keys))

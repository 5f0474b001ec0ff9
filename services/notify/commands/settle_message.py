"""Applies the outcome of a try to the message and to its channel. The outcome may come at once, late, or from a query."""

from dataclasses import dataclass
from datetime import datetime

from services.notify.domain import hold
from services.notify.domain.message import Message
from services.notify.domain.outcome import Outcome, Unwell
from services.notify.domain.wording import Channel
from services.notify.store import holds, messages
from shared.service.database import Transaction
from shared.telemetry import log

_log = log.get(__name__)


@dataclass(frozen=True)
class SettleMessage:
    """`tries` and `tried_at` identify the try. The outcome of an earlier try than the last changes nothing.

    `probe`: the try tested a held channel. `lost_before`: how many answers in a row were lost just before this one.
    """

    message_key: str
    tries: int
    tried_at: datetime
    outcome: Outcome
    at: datetime
    real_at: datetime
    probe: bool = False
    lost_before: int = 0


def settle_message(tx: Transaction, command: SettleMessage) -> Message:
    message = messages.load(tx, command.message_key)
    began_hold = _settle_channel(tx, message.channel, command)
    if message.state in ("trying", "unknown") and message.is_last_try(command.tries, command.tried_at):
        message.settle(command.outcome, at=command.at, real_at=command.real_at, began_hold=began_hold)
        messages.end_try(tx, message, number=command.tries, real_at=command.real_at)
        messages.save(tx, message)
    return message


def _settle_channel(tx: Transaction, channel: Channel, command: SettleMessage) -> bool:
    """True when this outcome began a hold. Only a probe changes an open hold."""
    outcome, real_at = command.outcome, command.real_at
    if command.probe:
        _settle_probe(tx, channel, command)
        return False
    if isinstance(outcome, Unwell):
        began = holds.begin(tx, channel, code=outcome.code, retry_after=outcome.retry_after, real_at=real_at)
        return _alarmed(tx, channel, outcome.code, began=began)
    if hold.lost(outcome) and command.lost_before + 1 >= hold.LOST_IN_A_ROW:
        return _alarmed(tx, channel, outcome.code, began=holds.begin(tx, channel, code=outcome.code, real_at=real_at))
    return False


def _settle_probe(tx: Transaction, channel: Channel, command: SettleMessage) -> None:
    outcome, real_at = command.outcome, command.real_at
    if isinstance(outcome, Unwell):
        holds.probe_failed(tx, channel, code=outcome.code, retry_after=outcome.retry_after, real_at=real_at)
        _log.warning("channel still held", district=tx.district, channel=channel, code=outcome.code)
    elif hold.lost(outcome):
        holds.probe_failed(tx, channel, code=None, real_at=real_at)
    elif hold.works(outcome) and holds.end(tx, channel, real_at=real_at):
        _log.info("channel works again", district=tx.district, channel=channel)


def _alarmed(tx: Transaction, channel: Channel, code: str, *, began: bool) -> bool:
    """Raises the alarm: this log line and the gauge clearwater_channel_held."""
    if began:
        _log.error("channel held", district=tx.district, channel=channel, code=code)
    return began

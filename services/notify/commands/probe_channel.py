"""Tries a held channel now, without the rest of the pause: a person has fixed the cause."""

from dataclasses import dataclass
from datetime import datetime

from services.notify.domain.wording import Channel
from services.notify.store import holds
from shared.refusal import Refused
from shared.service.database import Transaction


@dataclass(frozen=True)
class ProbeChannel:
    channel: Channel
    real_at: datetime


def probe_channel(tx: Transaction, command: ProbeChannel) -> None:
    """Raises Refused: channel-not-held."""
    if not holds.probe_at(tx, command.channel, at=command.real_at):
        raise Refused("channel-not-held")

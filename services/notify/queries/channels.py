"""For operators: which channels are held, and the failed messages by code."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text

from services.notify.domain.wording import Channel
from shared.service.database import Transaction

CHANNELS: Final[tuple[Channel, ...]] = ("mail", "sms")

_CHANNELS = text("""
    select district, channel, hold.code, hold.began_at, hold.next_probe_at,
           (select count(*) from messages where messages.district = known.district and messages.channel = kinds.channel
            and state in ('held', 'waiting', 'trying')) as waiting
    from (select distinct district from projects) as known cross join unnest(cast(:channels as text[])) as kinds (channel)
    left join (select * from channel_holds where ended_at is null) as hold using (district, channel)
    order by district, channel
""")
_FAILURES = text("""
    select district, channel, code, count(*) as messages, min(settled_at) as since
    from messages where state = 'failed' group by 1, 2, 3 order by messages desc, code, district, channel
""")


@dataclass(frozen=True)
class ChannelRow:
    """`code`, `began_at` and `next_probe_at` are None while the channel is not held. `waiting`: messages not sent yet."""

    district: str
    channel: Channel
    code: str | None
    began_at: datetime | None
    next_probe_at: datetime | None
    waiting: int

    @property
    def held(self) -> bool:
        return self.code is not None


@dataclass(frozen=True)
class FailureRow:
    """Messages that failed with one code. `since`: the oldest of them."""

    district: str
    channel: Channel
    code: str
    messages: int
    since: datetime | None


def every(tx: Transaction) -> Sequence[ChannelRow]:
    """Both channels of every granted and known district."""
    return [ChannelRow(**row._asdict()) for row in tx.connection.execute(_CHANNELS, {"channels": list(CHANNELS)})]


def failures(tx: Transaction) -> Sequence[FailureRow]:
    """The most frequent first."""
    return [FailureRow(**row._asdict()) for row in tx.connection.execute(_FAILURES)]

"""For operators: which channels are held, and the failed messages by code."""

from datetime import datetime
from typing import Final

from pydantic import BaseModel, Field
from sqlalchemy import text

from services.notify.domain.wording import Channel
from shared.service.database import Transaction

CHANNELS: Final[tuple[Channel, ...]] = ("mail", "sms")

_CHANNELS = text("""
    select district, channel, hold.code is not null as held, hold.code, hold.began_at as held_since, hold.next_probe_at,
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


class ChannelState(BaseModel):
    """A channel of a district. While it is held, only probes are sent over it. A hold fails no message."""

    district: str
    channel: Channel
    held: bool
    code: str | None = Field(description="What it is held for; null where it is not held.")
    held_since: datetime | None
    next_probe_at: datetime | None
    waiting: int = Field(description="Messages not sent yet, those that wait for the morning too.")


class Failure(BaseModel):
    """Messages that failed with one code."""

    district: str
    channel: Channel
    code: str
    messages: int
    since: datetime | None = Field(description="When the first of them failed.")


def every(tx: Transaction) -> list[ChannelState]:
    """Both channels of every granted and known district."""
    return [ChannelState(**row._asdict()) for row in tx.connection.execute(_CHANNELS, {"channels": list(CHANNELS)})]


def failures(tx: Transaction) -> list[Failure]:
    """The most frequent first."""
    return [Failure(**row._asdict()) for row in tx.connection.execute(_FAILURES)]

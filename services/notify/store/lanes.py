"""Lanes: the messages due now, by district, channel and urgency. Each lane is served independently."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, text

from services.notify.domain.wording import Channel
from shared.service import database

# A held channel has no due message until its next probe.
_DUE = text("""
    select messages.district, messages.channel, bool_or(facts.urgent) as urgent
    from messages join facts using (event_id)
    where state in ('held', 'waiting') and hold_until <= :at and (next_try_at is null or next_try_at <= :real_at)
      and not exists (select from channel_holds as hold where hold.district = messages.district
                      and hold.channel = messages.channel and ended_at is null and next_probe_at > :real_at)
    group by 1, 2 order by 1, 2
""")


@dataclass(frozen=True)
class Lane:
    """`urgent`: serves urgent messages only, so that no other message delays them. Otherwise all messages, urgent first."""

    district: str
    channel: Channel
    urgent: bool = False


def due(engine: Engine, *, among: Sequence[str], at: datetime, real_at: datetime) -> Sequence[Lane]:
    """Urgent lanes first. `among` names the districts that a process answers for, `["*"]` = all."""
    rows = database.look(engine, _DUE, {"at": at, "real_at": real_at}, granted=among)
    urgent = [Lane(row.district, row.channel, urgent=True) for row in rows if row.urgent]
    return [*urgent, *(Lane(row.district, row.channel) for row in rows)]

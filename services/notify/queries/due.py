"""Messages that are due and not sent: what due means, for the strip of the city and for the metric behind MessagesLate.

How long is counted in real time, whatever the pace of the business clock: a person waits for the worker, not for the business day.

A message is due from its own moment on, after quiet hours and after the pause before its next try; a try that never ended is due from its
beginning. Over a held channel it is due as well, and the strip shows it. It is late only from the channel's next probe on: until then
nothing could send it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Final

from sqlalchemy import Connection, text

from services.notify.queries.channels import CHANNELS
from shared.messaging.freshness import Age
from shared.service.clock import Clock, PacedClock, Setting

_PACES: Final = 50  # the newest settings of the business clock: what is due is young

# `hold_until` is of the business clock: `passed` says when that was by the real one. Each part has a partial index of its own, so what was
# sent is not read.
_WAITING: Final = text("""
    select known.district, kinds.channel, count(due_for) as messages,
           coalesce(max(extract(epoch from due_for)), 0)::float as seconds,
           coalesce(greatest(max(extract(epoch from late_for)), 0), 0)::float as late_seconds
    from (select distinct district from projects) as known cross join unnest(cast(:channels as text[])) as kinds (channel)
    left join (
        select district, channel, least(held_for, :real_now - next_try_at) as due_for,
               least(held_for, :real_now - next_try_at, :real_now - hold.next_probe_at) as late_for
        from messages left join (select * from channel_holds where ended_at is null) as hold using (district, channel)
        left join lateral (
            select real_at + (hold_until - business_at) / speed as real_at
            from unnest(cast(:business_at as timestamptz[]), cast(:real_at as timestamptz[]), cast(:speed as float[]))
                 as pace (business_at, real_at, speed)
            where speed > 0 and business_at <= hold_until order by business_at desc, real_at desc limit 1
        ) as passed on hold_until <= :now
        cross join lateral (select coalesce(:real_now - passed.real_at, :now - hold_until) as held_for) as held
        where state in ('held', 'waiting')
        union all
        select district, channel, :real_now - tried_at, :real_now - tried_at from messages where state = 'trying'
    ) as waits on waits.district = known.district and waits.channel = kinds.channel and due_for > interval '0'
    group by known.district, kinds.channel order by known.district, kinds.channel
""")


@dataclass(frozen=True)
class Due:
    """Of one channel. `seconds`: how long the oldest message has been due, `late_seconds`: how long one could have left."""

    district: str
    channel: str
    messages: int
    seconds: float
    late_seconds: float


def by_channel(connection: Connection, clock: Clock) -> Sequence[Due]:
    """Both channels of every district that has a project, 0 where nothing is due."""
    moments = {"now": clock.now().astimezone(UTC), "real_now": datetime.now(UTC)}
    newest = clock.settings()[-_PACES:] if isinstance(clock, PacedClock) else ()
    paces = {name: [getattr(setting, name) for setting in newest] for name in Setting._fields}
    return [Due(*row) for row in connection.execute(_WAITING, {"channels": list(CHANNELS), **moments, **paces})]


def ages(connection: Connection, clock: Clock) -> Sequence[Age]:
    """A row for every district that has a project, 0 where nothing is due."""
    found = by_channel(connection, clock)
    return [
        Age(district, sum(due.messages for due in both), max(due.seconds for due in both))
        for district, group in groupby(found, key=lambda due: due.district)
        for both in [list(group)]
    ]

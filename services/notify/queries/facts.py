"""Messages as metrics, read by the API while the worker that sends is dead too.

`engine` is the mechanism role's: it sees every district.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Engine, text

from services.notify.queries.channels import CHANNELS
from shared.service.clock import Clock
from shared.telemetry.facts import Fact, Sample

DUE_AGE: Final = Fact(
    "clearwater_message_due_seconds",
    "For how long the oldest message of a channel could have been sent and was not: quiet hours, pauses between tries and a held channel's "
    "rest do not count. 0 when none is due.",
    ("channel", "district"),
)

# Since when it could have been sent: the last of its hold, its next try and its channel's next probe. `hold_until` is of the business
# clock. A try that never ended counts from its beginning. Each part has an index of its own, so what was sent is not read.
_DUE = text("""
    select known.district, kinds.channel, coalesce(max(extract(epoch from waits.due_for)), 0)::float as seconds
    from (select distinct district from projects) as known cross join unnest(cast(:channels as text[])) as kinds (channel)
    left join (
        select district, channel,
               least(:now - hold_until, :real_now - next_try_at, :real_now - hold.next_probe_at) as due_for
        from messages left join (select * from channel_holds where ended_at is null) as hold using (district, channel)
        where state in ('held', 'waiting')
        union all
        select district, channel, :real_now - tried_at from messages where state = 'trying'
    ) as waits on waits.district = known.district and waits.channel = kinds.channel and waits.due_for > interval '0'
    group by known.district, kinds.channel order by known.district, kinds.channel
""")


def of_messages(engine: Engine, clock: Clock) -> Iterator[Sample]:
    moments = {"now": clock.now().astimezone(UTC), "real_now": datetime.now(UTC)}
    with engine.connect() as connection:
        rows = connection.execute(_DUE, {"channels": list(CHANNELS), **moments}).all()
    for row in rows:
        yield DUE_AGE.of(row.seconds, row.channel, row.district)

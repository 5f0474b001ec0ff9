"""Events for the endpoints of other systems that are due and that nobody has tried, per district."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, text

from shared.messaging.freshness import Age

# Counted for endpoints that neither fail nor limit us: what those keep waiting is theirs, what nobody has tried is ours. A worker that is
# dead plans nothing, so what it has not looked at yet counts too. Both times are real, never of the business clock.
_DUE: Final = text("""
    with ready as (
        select known.endpoint_id, known.district, known.epoch, scanned
        from endpoint_states as known join endpoints using (endpoint_id)
        where status = 'open' and active and failures = 0 and allowed_rate is null)
    select log.district, untried.number + unseen.number, greatest(untried.seconds, unseen.seconds, 0)
    from exchange_numbers as log cross join lateral (
        select count(*) as number, extract(epoch from clock_timestamp() - min(planned_at))::float as seconds
        from ready join deliveries using (endpoint_id)
        where ready.district = log.district and state = 'waiting' and tries = 0) as untried
    cross join lateral (
        select coalesce(sum(log.last_number - scanned), 0)::bigint as number,
               extract(epoch from clock_timestamp() - min(appended_at))::float as seconds
        from ready join exchange_log as next on (next.district, next.epoch, next.number) = (ready.district, ready.epoch, scanned + 1)
        where ready.district = log.district and ready.epoch = log.epoch) as unseen
    order by log.district
""")


def ages(connection: Connection) -> Sequence[Age]:
    """A row for every district that has a log, 0 where nothing is due."""
    return [Age(*row) for row in connection.execute(_DUE)]

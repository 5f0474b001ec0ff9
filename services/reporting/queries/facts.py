"""Webhooks as metrics: endpoints by how they are, and what waits for them. Read while the worker that sends is dead too. The live stream's
own fact is shown by its process (application.py).

`engine` is the mechanism role's: it sees every district.
"""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Engine, text

from shared.telemetry.facts import Fact, Sample

ENDPOINTS: Final = Fact(
    "clearwater_webhook_endpoints",
    "Endpoints of agencies: new, open, resting after three days of failures, gone by their own answer 410.",
    ("district", "state"),
)
WAITING: Final = Fact(
    "clearwater_webhook_waiting_events", "Deliveries to open endpoints that have not been accepted yet.", ("district",)
)
OLDEST: Final = Fact(
    "clearwater_webhook_untried_seconds",
    "For how long a delivery to an open endpoint that does not fail has waited for its first try; 0 when none waits.",
    ("district",),
)
ALL: Final = (ENDPOINTS, WAITING, OLDEST)
STREAM_POLLED: Final = Fact(
    "clearwater_live_polled_timestamp_seconds",
    "When the live stream last looked for news and could read, as Unix time; shown by the stream's process.",
)

_STATES = ("new", "open", "resting", "gone")
_ENDPOINTS = text("""
    select log.district, kinds.state, count(endpoints.endpoint_id) as endpoints
    from exchange_numbers as log cross join unnest(cast(:states as text[])) as kinds (state)
    left join endpoint_states as known on known.district = log.district and known.status = kinds.state
    left join endpoints on endpoints.endpoint_id = known.endpoint_id
    group by log.district, kinds.state
""")
_WAITING = text("""
    select log.district, count(held.event_id) as waiting,
           coalesce(max(extract(epoch from clock_timestamp() - planned_at))
               filter (where tries = 0 and failures_of_endpoint = 0), 0)::float as oldest
    from exchange_numbers as log
    left join (
        select deliveries.district, event_id, tries, planned_at, known.failures as failures_of_endpoint
        from deliveries join endpoint_states as known using (endpoint_id) join endpoints using (endpoint_id)
        where state = 'waiting' and status = 'open' and active) as held on held.district = log.district
    group by log.district
""")


def of_webhooks(engine: Engine) -> Iterator[Sample]:
    with engine.connect() as connection:
        endpoints = connection.execute(_ENDPOINTS, {"states": list(_STATES)}).all()
        waiting = connection.execute(_WAITING).all()
    for row in endpoints:
        yield ENDPOINTS.of(row.endpoints, row.district, row.state)
    for row in waiting:
        yield WAITING.of(row.waiting, row.district)
        yield OLDEST.of(row.oldest, row.district)

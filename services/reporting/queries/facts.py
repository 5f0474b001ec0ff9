"""Webhooks as metrics: endpoints by how they are, and what waits for them. Read while the worker that sends is dead too. And what is shown
as signed, to be compared with signing's own count. The live stream's own fact is shown by its process (application.py).

`engine` is the mechanism role's: it sees every district.
"""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Engine, text

from services.reporting.domain.rates import NAMES
from shared.events.stage import COUNTED
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
FAILING: Final = Fact(
    "clearwater_webhook_failing_seconds",
    "For how long an open endpoint has accepted nothing of what was tried, the longest one; 0 when none fails.",
    ("district",),
)
SHOWN: Final = Fact(
    "clearwater_shown_amount",
    "What is shown as signed of the frozen roll: `figure` is the count of the wall, `list` the units themselves. Areas in 0.01 m².",
    ("district", "project", "basis", "view"),
)
ALL: Final = (ENDPOINTS, WAITING, OLDEST, FAILING, SHOWN)
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
# A delivery that failed before the last success is that delivery's own fault.
_FAILING = text("""
    select log.district, coalesce(max(extract(epoch from clock_timestamp() - first_failed_at)), 0)::float as failing
    from exchange_numbers as log
    left join (
        select deliveries.district, first_failed_at
        from deliveries join endpoint_states using (endpoint_id) join endpoints using (endpoint_id)
        where state = 'waiting' and status = 'open' and active and (succeeded_at is null or succeeded_at < first_failed_at)) as failed
        on failed.district = log.district
    group by log.district
""")
# Only where a rate is shown: the roll is frozen, and our own units are the same. The cases are read once for all projects: they have no
# index by project.
_SHOWN = text("""
    select projects.district, projects.name, signed_units as units, signed_households as households,
           signed_right_holders as right_holders, signed_area as area, coalesce(listed, 0) as listed
    from projects join rolls using (project_id) join tallies using (project_id)
    left join (select project_id, count(*) as listed from cases where agreement = any(:counted) group by project_id) as units_signed
        using (project_id)
    where matches
""")


def of_reporting(engine: Engine) -> Iterator[Sample]:
    yield from of_webhooks(engine)
    yield from of_figures(engine)


def of_figures(engine: Engine) -> Iterator[Sample]:
    with engine.connect() as connection:
        rows = connection.execute(_SHOWN, {"counted": sorted(COUNTED)}).all()
    for row in rows:
        for basis in NAMES:
            yield SHOWN.of(getattr(row, basis), row.district, row.name, basis, "figure")
        yield SHOWN.of(row.listed, row.district, row.name, "units", "list")


def of_webhooks(engine: Engine) -> Iterator[Sample]:
    with engine.connect() as connection:
        endpoints = connection.execute(_ENDPOINTS, {"states": list(_STATES)}).all()
        waiting = connection.execute(_WAITING).all()
        failing = connection.execute(_FAILING).all()
    for row in endpoints:
        yield ENDPOINTS.of(row.endpoints, row.district, row.state)
    for row in waiting:
        yield WAITING.of(row.waiting, row.district)
        yield OLDEST.of(row.oldest, row.district)
    for row in failing:
        yield FAILING.of(row.failing, row.district)

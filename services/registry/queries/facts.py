"""Imports under way, as metrics: how many, how far, and for how long the slowest has not moved; and when agencies lose a grant.
Read while the worker is dead too.

`engine` is the mechanism role's: it sees every district.
"""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Engine, text

from services.registry.domain.imports import AT_WORK
from shared.service.clock import Clock
from shared.telemetry.facts import Fact, Sample

RUNNING: Final = Fact("clearwater_imports_running", "Imports that the worker reads, checks or commits.", ("district",))
PROGRESS: Final = Fact(
    "clearwater_import_progress_ratio",
    "How far the running import that is least far is in its step, 0 to 1; 1 when none runs.",
    ("district",),
)
IDLE: Final = Fact(
    "clearwater_import_idle_seconds", "For how long a running import has not moved; 0 when none runs.", ("district",)
)
ENDED: Final = Fact("clearwater_imports", "Imports by what became of them.", ("district", "state"))
GRANT_LEFT: Final = Fact(
    "clearwater_grant_left_seconds",
    "Time of the business clock until the first type of event is given to an agency by no grant any more; nothing where none is in force.",
    ("district", "agency"),
)
ALL: Final = (RUNNING, PROGRESS, IDLE, ENDED, GRANT_LEFT)

_STATES = ("clean", "faulty", "committed", "refused", "abandoned")
# Its id says when it came, in real time: uploaded_at is an instant of the business clock.
_RUNNING = text("""
    select districts.district, count(import_id) as running,
           coalesce(min(case when step = state and total > 0 then done::float / total else 0 end) filter (where import_id is not null), 1)
               as progress,
           coalesce(max(extract(epoch from clock_timestamp() - coalesce(noted_at, uuid_extract_timestamp(import_id)))), 0) as idle
    from districts left join (select * from imports where state = any(:at_work)) as running using (district)
    left join import_progress using (import_id) group by districts.district
""")
_ENDED = text("""
    select district, state, count(import_id) as imports
    from districts cross join unnest(cast(:states as text[])) as kinds (state) left join imports using (district, state)
    group by district, state
""")
# Another grant continues a type of event when it gives it too and begins before the end.
_ENDING = text("""
    select district, agency, min(ends_at) as ends_at from grants as granted cross join unnest(event_types) as given (event_type)
    where approved_at is not null and revoked_at is null and starts_at <= :now and ends_at > :now
      and not exists (
          select from grants as next
          where next.district = granted.district and next.agency = granted.agency
            and next.approved_at is not null and next.revoked_at is null
            and next.starts_at <= granted.ends_at and next.ends_at > granted.ends_at and event_type = any(next.event_types))
    group by district, agency
""")


def of_register(engine: Engine, clock: Clock) -> Iterator[Sample]:
    yield from of_imports(engine)
    yield from of_grants(engine, clock)


def of_grants(engine: Engine, clock: Clock) -> Iterator[Sample]:
    now = clock.now()
    with engine.connect() as connection:
        rows = connection.execute(_ENDING, {"now": now}).all()
    for row in rows:
        yield GRANT_LEFT.of((row.ends_at - now).total_seconds(), row.district, row.agency)


def of_imports(engine: Engine) -> Iterator[Sample]:
    with engine.connect() as connection:
        running = connection.execute(_RUNNING, {"at_work": list(AT_WORK)}).all()
        ended = connection.execute(_ENDED, {"states": list(_STATES)}).all()
    for row in running:
        yield RUNNING.of(row.running, row.district)
        yield PROGRESS.of(row.progress, row.district)
        yield IDLE.of(row.idle, row.district)
    for row in ended:
        yield ENDED.of(row.imports, row.district, row.state)

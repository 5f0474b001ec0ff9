"""What the command post asks about, as metrics: acts, distance to the threshold, days and period of each project.

Drafts and rescissions are counted over the agreements, which are never deleted, every fifteen seconds.
`engine` is the mechanism role's: it sees every district. A project is named by its name, which is unique in its district.
"""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine, text

from services.signing.domain import threshold
from services.signing.domain.threshold import Basis, Counts
from shared.events.day import business_day, midnight
from shared.service.clock import Clock
from shared.telemetry.facts import Fact, Sample

_PROJECT: Final = ("district", "project")
_BASIS: Final = (*_PROJECT, "basis")
SIGNINGS: Final = Fact(
    "clearwater_signings_total", "Agreements signed, by series.", (*_PROJECT, "series"), kind="counter"
)
DRAFTS: Final = Fact("clearwater_drafts_total", "Agreements drafted.", _PROJECT, kind="counter")
RESCISSIONS: Final = Fact("clearwater_rescissions_total", "Agreements rescinded.", _PROJECT, kind="counter")
TO_GO: Final = Fact(
    "clearwater_to_go",
    "What has to be signed yet until the basis reaches its threshold: units, households, right-holders, or 0.01 m² of area.",
    _BASIS,
)
SIGNED_RATIO: Final = Fact(
    "clearwater_signed_ratio", "Share of the frozen roll that is signed, 0 to 1, by basis.", _BASIS
)
SIGNED_AMOUNT: Final = Fact(
    "clearwater_signed_amount",
    "What is signed of the frozen roll: units, households, right-holders, or 0.01 m² of area; also where it has no threshold.",
    _BASIS,
)
THRESHOLD_RATIO: Final = Fact("clearwater_threshold_ratio", "Share that the plan asks for, 0 to 1, by basis.", _BASIS)
REACHED: Final = Fact("clearwater_threshold_reached", "1 from the moment at which all bases were reached.", _PROJECT)
DAYS_OPEN: Final = Fact(
    "clearwater_days_unclosed", "Business days of the period that have ended and are not closed.", _PROJECT
)
PERIOD_LEFT: Final = Fact(
    "clearwater_period_left_seconds", "Time of the business clock until the signing period ends; 0 after it.", _PROJECT
)
ALL: Final = (
    SIGNINGS,
    DRAFTS,
    RESCISSIONS,
    TO_GO,
    SIGNED_RATIO,
    SIGNED_AMOUNT,
    THRESHOLD_RATIO,
    REACHED,
    DAYS_OPEN,
    PERIOD_LEFT,
)

_PROJECTS = text("""
    with counted_agreements as (
        select project_id, count(*) as drafts, count(*) filter (where state = 'rescinded') as rescissions
        from agreements group by project_id)
    select projects.*, reached_at is not null as reached, coalesce(drafts, 0) as drafts, coalesce(rescissions, 0) as rescissions,
           (select max(business_on) from days where days.project_id = projects.project_id) as closed_on,
           (select jsonb_object_agg(series.series, last_number) from series where series.project_id = projects.project_id) as numbers
    from projects left join latches using (project_id) left join counted_agreements using (project_id)
    order by projects.district, projects.name
""")


def of_projects(engine: Engine, clock: Clock) -> Iterator[Sample]:
    with engine.connect() as connection:
        rows = connection.execute(_PROJECTS).all()
    for row in rows:
        yield from _acts(row)
        yield from _distance(row)
        yield from _time(row, clock.now())


def _acts(row: Any) -> Iterator[Sample]:  # noqa: ANN401 - a row
    for series in row.series:
        yield SIGNINGS.of((row.numbers or {}).get(series, 0), row.district, row.name, series)
    yield DRAFTS.of(row.drafts, row.district, row.name)
    yield RESCISSIONS.of(row.rescissions, row.district, row.name)


def _distance(row: Any) -> Iterator[Sample]:  # noqa: ANN401 - a row
    """Nothing while the frozen roll has not matched, except that the threshold is not reached: there is no rate then."""
    yield REACHED.of(row.reached, row.district, row.name)
    bases = tuple(Basis(**basis) for basis in row.bases)
    for basis in bases:
        yield THRESHOLD_RATIO.of(basis.percent / 100, row.district, row.name, basis.name)
    if not row.total_units:
        return
    total = Counts(row.total_units, row.total_households, row.total_right_holders, row.total_area)
    signed = Counts(row.signed_units, row.signed_households, row.signed_right_holders, row.signed_area)
    for name, amount in asdict(signed).items():
        yield SIGNED_AMOUNT.of(amount, row.district, row.name, name)
    for reading in threshold.read(bases, signed, total):
        yield SIGNED_RATIO.of(reading.signed / reading.total, row.district, row.name, reading.basis.name)
        yield TO_GO.of(reading.missing, row.district, row.name, reading.basis.name)


def _time(row: Any, now: datetime) -> Iterator[Sample]:  # noqa: ANN401 - a row
    yield PERIOD_LEFT.of(max(timedelta(), row.ends_at - now).total_seconds(), row.district, row.name)
    # A period that ends at midnight ends with the day before.
    last = business_day(min(now - (now - midnight(business_day(now))), row.ends_at) - timedelta(microseconds=1))
    before = row.closed_on or business_day(row.starts_at) - timedelta(days=1)
    yield DAYS_OPEN.of(max(0, (last - before).days), row.district, row.name)

"""Do the metrics of the projects say what the tables say, with one series for each district and project and no more?"""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import Engine

from services.signing.commands.close_day import CloseDay, close_day
from services.signing.queries import facts
from shared.events.day import business_day
from shared.messaging import pipeline
from shared.service import database as service_database
from tests.support.platform import Database, Platform
from tests.support.signing import DESK, LAUNCH, District

_DISTRICTS, _PROJECTS = 100, 5
# Written by the superuser: a hundred districts with their projects, their keys and a note of the consumer each.
_MANY = """
    insert into projects (district, project_id, name, series, starts_at, ends_at, automatic, bases, counting_rule,
                          total_units, total_households, total_right_holders, total_area)
    select (440000 + d)::text, gen_random_uuid(), '项目' || p, array['exchange', 'cash'], now(), now() + interval '9 days', false,
           '[{"name": "units", "percent": 95, "legal_ground": "a"}, {"name": "area", "percent": 95, "legal_ground": "a"}]',
           'all_units_signed', 10, 10, 10, 10
    from generate_series(1, %(districts)s) as d, generate_series(1, %(projects)s) as p
"""
_KEYS = """
    insert into event_keys (topic, key, last_sequence, district)
    select 't' || d, 'k', 1, (440000 + d)::text from generate_series(1, %(districts)s) as d
"""
_LAGS = """
    insert into lags (consumer, district, events) select 'signing', (440000 + d)::text, 0 from generate_series(1, %(districts)s) as d
"""


@pytest.fixture
def mechanism(urls: Database) -> Iterator[Engine]:
    engine = service_database.connect(urls.mechanism, application_name="test-facts", pool_size=1)
    yield engine
    engine.dispose()


def shown(mechanism: Engine, district: District) -> dict[str, float]:
    """By name, and by the last label where there is one beside district and project."""
    found = facts.of_projects(mechanism, district.clock)
    return {
        " ".join((sample.fact.name.removeprefix("clearwater_"), *sample.labels[2:])): sample.value for sample in found
    }


def test_the_acts_of_a_project_are_counted_and_never_go_back(mechanism: Engine, district: District) -> None:
    units = [district.register() for _ in range(4)]
    district.freeze()
    signed = [district.signed(unit) for unit in units[:2]]
    district.drafted(units[2])
    before = shown(mechanism, district)
    district.rescind(signed[0])
    after = shown(mechanism, district)

    assert (before["signings_total cash"], before["drafts_total"], before["rescissions_total"]) == (2, 3, 0)
    assert (after["signings_total cash"], after["drafts_total"], after["rescissions_total"]) == (2, 3, 1)
    assert after["signings_total exchange"] == 0


def test_the_distance_is_that_of_the_frozen_roll_and_unknown_before_it(mechanism: Engine, district: District) -> None:
    district.open_project(("units", 75), ("right_holders", 50))
    units = [district.register() for _ in range(4)]
    before = shown(mechanism, district)
    district.freeze()
    for unit in units[:2]:
        district.signed(unit)
    under_way = shown(mechanism, district)
    district.signed(units[2])
    reached = shown(mechanism, district)

    assert not {"signed_ratio units", "signed_amount units"} & before.keys()
    assert [item["signed_amount units"] for item in (under_way, reached)] == [2, 3]
    assert under_way["signed_amount area"] > 0  # it has no threshold in this project
    assert before["threshold_reached"] == 0
    assert (under_way["signed_ratio units"], under_way["threshold_ratio units"]) == (0.5, 0.75)
    assert (under_way["to_go units"], under_way["threshold_reached"]) == (1, 0)
    assert (reached["to_go units"], reached["threshold_reached"]) == (0, 1)


def test_days_that_ended_are_open_until_they_are_closed_and_none_is_after_the_period(
    mechanism: Engine, district: District
) -> None:
    district.open_project(days=3)
    on_the_launch = shown(mechanism, district)
    district.clock.set(LAUNCH + timedelta(days=2))
    two_days_later = shown(mechanism, district)
    with district.transaction() as tx:
        close_day(tx, CloseDay(district.project_id, business_day(LAUNCH), DESK), district.clock)
    closed = shown(mechanism, district)
    district.clock.set(LAUNCH + timedelta(days=30))
    after_the_period = shown(mechanism, district)

    assert [item["days_unclosed"] for item in (on_the_launch, two_days_later, closed)] == [0, 2, 1]
    assert after_the_period["days_unclosed"] == 3  # the last one is that of the end, nine in the morning
    assert after_the_period["period_left_seconds"] == 0
    assert two_days_later["period_left_seconds"] == pytest.approx(86_400, abs=60)


def test_the_series_are_bounded_by_districts_and_projects(
    mechanism: Engine, urls: Database, platform: Platform, district: District
) -> None:
    with psycopg.connect(platform.superuser_url(urls.name)) as connection:
        connection.execute("set session_replication_role = replica")  # their rolls are not there
        many = {"districts": _DISTRICTS, "projects": _PROJECTS}
        for statement in (_MANY, _KEYS, _LAGS):
            connection.execute(statement, many)
        connection.execute("delete from projects where district = %s", [district.district])

    projects = Counter(sample.fact.name for sample in facts.of_projects(mechanism, district.clock))
    events = Counter(sample.fact.name for sample in pipeline.events(mechanism, "signing", emits=True))

    of_each = {
        _DISTRICTS * _PROJECTS * number for number in (1, 2, 4)
    }  # two series, two bases with a threshold of four
    assert set(projects.values()) == of_each
    assert set(events.values()) == {_DISTRICTS}
    assert projects.total() + events.total() < 10_000

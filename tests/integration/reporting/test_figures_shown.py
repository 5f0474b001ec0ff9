"""Do the metrics of what is shown say what the wall and the list of units show, also where a row was changed past the projections?"""

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Engine

from services.reporting import wiring
from services.reporting.queries import facts
from tests.support.launch import Bus, Launch, Numbering
from tests.support.platform import Database, Platform

Shown = dict[tuple[str, str], float]


@pytest.fixture
def mechanism(urls: Database) -> Iterator[Engine]:
    engine = wiring.engine(urls.mechanism, "test-facts")
    yield engine
    engine.dispose()


@pytest.fixture
def superuser(platform: Platform, urls: Database) -> str:
    return platform.superuser_url(urls.name)


def shown(mechanism: Engine) -> Shown:
    """By basis and view, of the one project."""
    return {sample.labels[2:]: sample.value for sample in facts.of_figures(mechanism)}


def test_what_is_shown_is_a_metric_once_the_roll_matches(engine: Engine, mechanism: Engine) -> None:
    launch, numbering, bus = Launch(units=12), Numbering(), Bus(engine)
    units = launch.register()
    bus.deliver(numbering.messages("440303", [*launch.opening(), launch.freeze(), *units[:-1], launch.sign(0)]))
    assert shown(mechanism) == {}

    bus.deliver(numbering.messages("440303", [units[-1], launch.sign(1)]))

    found = shown(mechanism)
    area = sum(launch.unit(number).area_hundredths_m2 for number in (0, 1))
    assert found["units", "figure"] == found["units", "list"] == 2
    assert found["area", "figure"] == area
    assert {view for _, view in found} == {"figure", "list"} and len(found) == 5


@pytest.mark.parametrize(
    ("change", "units"),
    [
        ("update model.tallies set signed_units = signed_units + 1", {"figure": 2, "list": 1}),
        ("update model.cases set agreement = 'locked'", {"figure": 1, "list": 0}),
    ],
)
def test_a_row_that_somebody_changes_is_seen(
    engine: Engine, mechanism: Engine, superuser: str, change: str, units: dict[str, int]
) -> None:
    launch = Launch(units=12)
    events = [*launch.opening(), *launch.register(), launch.freeze(), launch.sign(0)]
    Bus(engine).deliver(Numbering().messages("440303", events))
    with psycopg.connect(superuser) as connection:
        connection.execute(change)

    assert {view: value for (basis, view), value in shown(mechanism).items() if basis == "units"} == units

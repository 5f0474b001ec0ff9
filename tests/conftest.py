"""Fixtures that every folder of tests shares. A platform is started by the first test that asks for it, once per session."""

import os
import signal
from collections.abc import Callable, Iterator
from types import FrameType

import pytest
from hypothesis import settings

from deploy.demo import day
from deploy.local import assets
from tests.support import errors
from tests.support import platform as platforms
from tests.support.platform import Database, Platform
from tests.support.sample_districts import SAMPLES, SampleDistrict, open_sample


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "logs_error(event): the test expects our code to log this error")
    errors.note()
    # A busy machine may exceed Hypothesis's deadline without a fault, so there is none; pytest's timeout bounds every test.
    settings.register_profile("clearwater", settings(), deadline=None)
    settings.load_profile("clearwater")
    # A run that is asked to end still stops its broker and databases: fixtures are finalised on KeyboardInterrupt.
    signal.signal(signal.SIGTERM, _as_interrupt)
    # Playwright's own Node.js wants libatomic, which a bare machine does not have.
    os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(assets.node()))


@pytest.fixture(autouse=True)
def no_error_that_no_test_expected(request: pytest.FixtureRequest) -> Iterator[None]:
    expected = tuple(str(event) for mark in request.node.iter_markers("logs_error") for event in mark.args)
    errors.taken()
    yield
    unexpected = [item for item in errors.taken() if not (expected and item.startswith(expected))]
    assert not unexpected, f"logged as errors, and no test expected it: {unexpected}"


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """PostgreSQL and Kafka, without any of our processes."""
    started = platforms.start()
    yield started
    platforms.stop(started.place)


@pytest.fixture(scope="session")
def system(platform: Platform) -> Platform:
    """Every process of every service, as `make up` starts them, with the two sample districts. Stopped with the platform."""
    return platforms.start_system(platform)


@pytest.fixture(scope="session")
def samples(system: Platform) -> Iterator[list[SampleDistrict]]:
    """The two sample districts with a frozen roll each, ready for signings."""
    day.begin(system.place, speed=1)
    opened = [open_sample(system.place, district) for district in SAMPLES]
    yield opened
    for sample_district in opened:
        sample_district.desk.close()


@pytest.fixture
def database(platform: Platform) -> Iterator[Callable[[str], Database]]:
    """database("signing") is a fresh, migrated database of that service; dropped after the test."""
    made: list[Database] = []

    def make(service: str) -> Database:
        made.append(platform.database(service))
        return made[-1]

    yield make
    for item in made:
        platform.drop(item)


@pytest.fixture
def empty_database(platform: Platform) -> Iterator[Callable[[str], Database]]:
    """empty_database("kit") has no tables, only the three roles kit_owner, kit_app and kit_mechanism; dropped after the test."""
    made: list[Database] = []

    def make(service: str) -> Database:
        made.append(platform.empty(service))
        return made[-1]

    yield make
    for item in made:
        platform.drop(item)


@pytest.fixture
def topics(platform: Platform) -> str:
    """A district code of the test's own, with all its topics."""
    return platform.topics()


def _as_interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt

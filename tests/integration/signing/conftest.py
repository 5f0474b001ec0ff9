"""A migrated database of signing, its engine, and a district of the test's own."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine

from shared.service import database as service_database
from tests.support.platform import Database
from tests.support.signing import District


@pytest.fixture
def urls(database: Callable[[str], Database]) -> Database:
    return database("signing")


@pytest.fixture
def engine(urls: Database) -> Iterator[Engine]:
    engine = service_database.connect(urls.app, application_name="test", pool_size=26)
    yield engine
    engine.dispose()


@pytest.fixture
def here(engine: Engine) -> District:
    """District 440303 with a project that has begun: 95 % of units."""
    district = District(engine, "440303")
    district.open_project()
    return district

"""A migrated database of reporting and the engine of its app role."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine

from services.reporting import wiring
from tests.support.platform import Database


@pytest.fixture
def urls(database: Callable[[str], Database]) -> Database:
    return database("reporting")


@pytest.fixture
def engine(urls: Database) -> Iterator[Engine]:
    engine = wiring.engine(urls.app, "test")
    yield engine
    engine.dispose()


@pytest.fixture
def fresh(database: Callable[[str], Database]) -> Callable[[str], Database]:
    """The fixture `database` under a name that does not hide the kit's module."""
    return database

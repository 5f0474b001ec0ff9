"""A migrated database of reporting with the engine of its app role, its application, and what agencies have: a door, an endpoint."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine

from services.reporting import application, wiring
from shared.service import factory
from shared.service.clock import RealClock
from tests.support.door import Door, door_of
from tests.support.hooks import Hooks
from tests.support.platform import Database
from tests.support.receiver import Receiver, receiving
from tests.support.serving import Settings


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


@pytest.fixture
def app(engine: Engine, issuer: tuple[str, Path]) -> Flask:
    return factory.create(
        "reporting",
        engine=engine,
        clock=RealClock(),
        settings=Settings(issuer[0]),
        blueprints=application.BLUEPRINTS,
        problem_files=application.PROBLEMS,
        migrations=wiring.MIGRATIONS,
    )


@pytest.fixture
def door(engine: Engine, issuer: tuple[str, Path]) -> Door:
    return door_of(engine, issuer)


@pytest.fixture
def hooks(engine: Engine) -> Iterator[Hooks]:
    made = Hooks(engine)
    yield made
    made.endpoints.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server

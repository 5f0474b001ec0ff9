"""One database with the kit's tables, for the folder; each test has a district of its own in it."""

from collections.abc import Iterator
from itertools import count
from types import SimpleNamespace

import pytest

from shared.service import database
from tests.support import consuming, kit
from tests.support.platform import Platform

_districts = count(300_000)


@pytest.fixture(scope="package")
def engines(platform: Platform) -> Iterator[SimpleNamespace]:
    made = platform.empty(kit.SERVICE)
    roles = {
        role: database.connect(getattr(made, role), application_name=f"test-{role}", pool_size=8)
        for role in ("owner", "app", "mechanism")
    }
    kit.create(roles["owner"], kit.tables())
    yield SimpleNamespace(**roles, urls=made)
    for engine in roles.values():
        engine.dispose()
    platform.drop(made)


@pytest.fixture
def district() -> str:
    return str(next(_districts))


@pytest.fixture
def bench(engines: SimpleNamespace, district: str) -> SimpleNamespace:
    return consuming.made(engines, district)

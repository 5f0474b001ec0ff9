"""A migrated database of signing, its engine, a district of the test's own, and a desk that asks over HTTP."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from deploy.local import issuer as local_issuer
from services.signing import application
from services.signing.config import Settings
from shared.service import database as service_database
from tests.support.platform import Database
from tests.support.signing import District, SetClock

DISTRICT = "440303"


@pytest.fixture
def urls(database: Callable[[str], Database]) -> Database:
    return database("signing")


@pytest.fixture
def engine(urls: Database) -> Iterator[Engine]:
    engine = service_database.connect(urls.app, application_name="test", pool_size=26)
    yield engine
    engine.dispose()


@pytest.fixture
def district(engine: Engine) -> District:
    """District 440303 with a project that has begun: 95 % of units."""
    district = District(engine, "440303")
    district.open_project()
    return district


@dataclass(frozen=True)
class Desk:
    app: Flask
    issuer: Path
    district: str = DISTRICT

    def ask(self, path: str, *, role: str = "desk", **query: Any) -> TestResponse:
        return self.app.test_client().get(f"/api/v1{path}", headers=self._bearer(role), query_string=query)

    def page(self, path: str, *, role: str = "desk", **query: str) -> TestResponse:
        headers = {**self._bearer(role), "Accept": "text/html", "Accept-Language": "zh-CN"}
        return self.app.test_client().get(path, headers=headers, query_string=query)

    def post(
        self, path: str, body: dict[str, Any], *, role: str = "desk", key: str = "", **headers: str
    ) -> TestResponse:
        sent = {**self._bearer(role), "Idempotency-Key": key or str(uuid4()), **headers}
        return self.app.test_client().post(f"/api/v1{path}", json=body, headers=sent)

    def put(self, path: str, body: dict[str, Any], *, version: int) -> TestResponse:
        headers = {**self._bearer("desk"), "If-Match": f'"{version}"'}
        return self.app.test_client().put(f"/api/v1{path}", json=body, headers=headers)

    def _bearer(self, role: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {local_issuer.mint(self.issuer, role=role, districts=(self.district,))}"}


@pytest.fixture
def desk(urls: Database, issuer: tuple[str, Path]) -> Iterator[Desk]:
    settings = Settings(
        database_url=urls.app, issuer_url=issuer[0], public_url="http://localhost", session_secret="s", api_threads=20
    )
    app = application.create_with(settings, clock=SetClock())
    yield Desk(app, issuer[1])
    app.extensions["clearwater"].engine.dispose()

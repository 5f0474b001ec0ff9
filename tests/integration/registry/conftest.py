"""The whole registry: application and worker on a real database, and tokens of a real issuer."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from deploy.local import issuer as local_issuer
from services.registry import api, wiring
from services.registry.domain import sample
from services.registry.gateways import csv_writer, workbook_stream
from services.registry.store.vault import Vault
from services.registry.web.pages import pages
from services.registry.workers.importing import Importer
from shared.events import codec
from shared.messaging import sealing
from shared.service import database as databases
from shared.service import factory
from shared.service.clock import RealClock
from shared.service.limits import Limits
from tests.support.platform import Database
from tests.support.serving import Settings

DISTRICT = "440303"
VAULT_KEY = "dmF1bHQga2V5IG9mIHRoZSB0ZXN0cywgMzIgYnl0ZXM="
PRIVATE, PUBLIC = sealing.key_pair()
SENDER_PRIVATE, SENDER_PUBLIC = sealing.key_pair()


@dataclass
class Registry:
    """The registry over HTTP. The worker runs when a test calls `work`."""

    app: Flask
    engine: Engine
    mechanism: Engine
    vault: Vault
    local_dir: Path
    importer: Importer
    tokens: dict[tuple[str, str], str] = field(default_factory=dict)

    def headers(self, role: str, district: str = DISTRICT) -> dict[str, str]:
        granted = ["*"] if role in ("city", "auditor") else [district]
        if (role, district) not in self.tokens:
            self.tokens[role, district] = local_issuer.mint(self.local_dir, role=role, districts=granted)
        named = {"Clearwater-District": district} if granted == ["*"] else {}
        return {"Authorization": f"Bearer {self.tokens[role, district]}", **named}

    def get(self, path: str, *, role: str = "clerk", district: str = DISTRICT) -> TestResponse:
        return self.app.test_client().get(f"/api/v1{path}", headers=self.headers(role, district), buffered=True)

    def post(
        self, path: str, body: object = None, *, role: str = "clerk", district: str = DISTRICT, key: str = ""
    ) -> TestResponse:
        headers = {**self.headers(role, district), "Idempotency-Key": key or str(uuid4())}
        return self.app.test_client().post(f"/api/v1{path}", json=body or {}, headers=headers)

    def patch(
        self, path: str, body: object, *, version: object = 1, role: str = "clerk", district: str = DISTRICT
    ) -> TestResponse:
        headers = self.headers(role, district) | ({} if version is None else {"If-Match": f'"{version}"'})
        return self.app.test_client().patch(f"/api/v1{path}", json=body, headers=headers)

    def upload(
        self, project_id: str, content: bytes, *, name: str = "units.xlsx", district: str = DISTRICT, key: str = ""
    ) -> TestResponse:
        headers = {**self.headers("clerk", district), "Idempotency-Key": key or str(uuid4())}
        data = {"file": (io.BytesIO(content), name)}
        return self.app.test_client().post(f"/api/v1/projects/{project_id}/imports", data=data, headers=headers)

    def work(self) -> None:
        while self.importer.run_once():
            pass

    def project(self, made: sample.Sample | None = None, *, name: str = "澄水湾片区", district: str = DISTRICT) -> str:
        """Opens a project with the groups of the sample."""
        self.post("/districts", {"district": district, "name": "样例区"}, role="city", district=district)
        opened = self.post("/projects", {**PROJECT, "name": name}, district=district)
        assert opened.status_code == 201, opened.text
        project_id: str = opened.json["project_id"]
        for group, officers in (made.groups if made else {}).items():
            body = {
                "name": group,
                "officers": [{"staff_number": number, "name": officer} for number, officer in officers],
            }
            formed = self.post(f"/projects/{project_id}/groups", body, district=district)
            assert formed.status_code == 201, formed.text
        return project_id

    def imported(
        self,
        project_id: str,
        content: bytes,
        *,
        name: str = "units.xlsx",
        commit: bool = True,
        district: str = DISTRICT,
    ) -> dict:
        """Uploads, reads and checks a workbook, and commits it unless `commit` is false. Returns the import's report."""
        uploaded = self.upload(project_id, content, name=name, district=district)
        assert uploaded.status_code == 202, uploaded.text
        import_id = uploaded.json["import_id"]
        self.work()
        if commit:
            answer = self.post(f"/imports/{import_id}/commit", district=district)
            assert answer.status_code == 202, answer.text
            self.work()
        return self.get(f"/imports/{import_id}", district=district).json


def events_of(registry: Registry, event: type) -> list:
    """The journal's events of one type, in order."""
    with registry.mechanism.connect() as connection:
        payloads = connection.execute(
            text("select payload from events where type = :type order by id"), {"type": event.declared.type}
        ).scalars()
        return [codec.decode(event, bytes(payload)) for payload in payloads]


PROJECT = {
    "name": "澄水湾片区",
    "starts_at": "2026-11-28T00:00:00+08:00",
    "ends_at": "2027-05-31T00:00:00+08:00",
    "bases": [
        {"basis": "area", "percent": 95, "legal_ground": "深圳经济特区城市更新条例第三十六条"},
        {"basis": "right_holders", "percent": 95, "legal_ground": "深圳经济特区城市更新条例第三十六条"},
    ],
    "plan": "样例规划〔2026〕1号",
}


def workbook(made: sample.Sample) -> bytes:
    file = io.BytesIO()
    workbook_stream.write(file, holders=made.holders, buildings=made.buildings)
    return file.getvalue()


def as_csv(made: sample.Sample) -> bytes:
    file = io.BytesIO()
    csv_writer.write(file, holders=made.holders, buildings=made.buildings)
    return file.getvalue()


@pytest.fixture
def urls(database: Callable[[str], Database]) -> Database:
    return database("registry")


@pytest.fixture
def registry(urls: Database, issuer: tuple[str, Path]) -> Iterator[Registry]:
    app, mechanism = (
        databases.connect(url, application_name="test", pool_size=6, idle_in_transaction_seconds=60)
        for url in (urls.app, urls.mechanism)
    )
    vault = Vault(VAULT_KEY, {"notify": PUBLIC}, sender=SENDER_PUBLIC)
    application = factory.create(
        "registry",
        engine=app,
        clock=RealClock(),
        settings=Settings(issuer[0]),
        blueprints=(*api.BLUEPRINTS, pages),
        problem_files=(Path(wiring.__file__).with_name("problems.toml"),),
        migrations=wiring.MIGRATIONS,
        resources=vault,
        limits=Limits(per_second=1000, burst=1000),
    )
    importer = Importer(app, vault, clock=RealClock())
    yield Registry(application, app, mechanism, vault, issuer[1], importer)
    for engine in (app, mechanism):
        engine.dispose()

"""A small service of the tests' own: real database, real issuer, the kit's factory."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from deploy.local import issuer as local_issuer
from shared.service import database, factory, idempotency, row_security
from shared.service.clock import RealClock
from shared.service.limits import Limits
from shared.service.login import login
from shared.service.migrations import Migrations
from tests.integration.service.notes import NOTES, Meeting, notes, pages
from tests.support.platform import Database
from tests.support.serving import Settings

OURS, THEIRS = "440303", "440305"
_REFUSALS = (
    '[note-forbidden]\nstatus = 409\nzh = "不可写"\nzh_hant = "不可寫"\nen = "Forbidden word"\n'
    'next = "换一个词"\nfacts = { words = "string" }\n'
)
_REVISION = "revision, down_revision = '0001', None\n"
_AT_HEAD = (
    """create table alembic_version (version_num text primary key)""",
    "insert into alembic_version values ('0001')",
)


@dataclass(frozen=True)
class Kit:
    """The service under test."""

    app: Flask
    engine: Engine
    owner: Engine
    mechanism: Engine
    local_dir: Path
    meeting: Meeting

    def bearer(self, *, role: str = "desk", districts: tuple[str, ...] = (OURS,), **more: str) -> dict[str, str]:
        token = local_issuer.mint(self.local_dir, role=role, districts=districts)
        return {"Authorization": f"Bearer {token}", **more}

    def written(self) -> list[str]:
        """The words of all notes of all districts."""
        with self.mechanism.connect() as connection:
            return list(connection.execute(text("select words from notes order by number")).scalars())

    def until_somebody_waits(self) -> None:
        """Waits until a request waits for the lock of another one."""
        waiting = text(
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        )
        for _ in range(400):
            with self.engine.connect() as connection:
                if connection.execute(waiting).scalar_one():
                    return
            threading.Event().wait(0.05)
        raise AssertionError("nobody waits for a lock")


@pytest.fixture
def make(issuer: tuple[str, Path], tmp_path: Path) -> Callable[..., Flask]:
    """The service's application on an engine."""
    codes, migrations = tmp_path / "problems.toml", tmp_path / "migrations"
    codes.write_text(_REFUSALS, encoding="utf-8")
    (migrations / "versions").mkdir(parents=True)
    (migrations / "versions" / "0001_notes.py").write_text(_REVISION, encoding="utf-8")

    def application(engine: Engine, meeting: Meeting, limits: Limits | None = None) -> Flask:
        return factory.create(
            "kit",
            engine=engine,
            clock=RealClock(),
            settings=Settings(issuer[0]),
            blueprints=[notes, pages, login],
            migrations=Migrations(migrations),
            problem_files=[codes],
            resources=meeting,
            limits=limits or Limits(per_second=1000, burst=1000),
        )

    return application


@pytest.fixture
def kit(
    empty_database: Callable[[str], Database], issuer: tuple[str, Path], make: Callable[..., Flask]
) -> Iterator[Kit]:
    urls = empty_database("kit")
    owner, app, mechanism = (
        database.connect(url, application_name="kit", pool_size=20, statement_seconds=20)
        for url in (urls.owner, urls.app, urls.mechanism)
    )
    tables = (
        *row_security.schema("kit"),
        *idempotency.schema("kit"),
        NOTES,
        *row_security.protect("notes", service="kit"),
    )
    with owner.begin() as connection:
        for statement in (*_AT_HEAD, *tables):
            connection.execute(text(statement))
    meeting = Meeting()
    yield Kit(make(app, meeting), app, owner, mechanism, issuer[1], meeting)
    for engine in (owner, app, mechanism):
        engine.dispose()

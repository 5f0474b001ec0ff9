"""The import worker as a process, killed with -9 in every state: the next worker resumes or restarts, and stores nothing twice.

The point of the kill is exact: the test locks the row that the worker needs next, and sees the worker wait.
"""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
import pytest
from sqlalchemy import text

from services.registry.commands import stage_import
from services.registry.domain import sample
from shared.events.registry import ContactRecorded, KeyWrapped, UnitAssigned, UnitRegistered
from tests.integration.registry.conftest import DISTRICT, PUBLIC, VAULT_KEY, Registry, events_of, workbook
from tests.support.eventually import eventually
from tests.support.platform import Database, Platform

UNITS = 1_000  # above a thousand rows, so that a reading is killed between two of its batches
_IMPORT = "update imports set version = version where import_id = %(import_id)s"
_LINE = """
    insert into import_lines (import_id, row, district, content, holder, sealed)
    values (%(import_id)s, 1200, %(district)s, '{}', '{}', '')
"""
_UNIT = """
    insert into import_units (import_id, unit_code, district, row, source, change, changed_columns)
    values (%(import_id)s, %(unit_code)s, %(district)s, 2, '{}', 'new', '{}')
"""
_HOUSEHOLD = """
    insert into households (district, project_id, label) values (%(district)s, %(project_id)s, %(household)s)
"""
_WAITING = (
    "select count(*) from pg_stat_activity where application_name = 'registry-worker' and wait_event_type = 'Lock'"
)
_IN_THE_REGISTER = "select (select count(*) from units) + (select count(*) from people) + (select count(*) from doors)"


@dataclass
class Killing:
    """One import, a database of its own, and workers that come and go."""

    registry: Registry
    superuser: str
    environment: dict[str, str]
    place: dict[str, str] = field(default_factory=dict)

    @property
    def state(self) -> str:
        return self.registry.get(f"/imports/{self.place['import_id']}").json["state"]

    def reached(self, *states: str) -> str:
        return eventually(lambda: self.state in states and self.state)

    def killed_where_it_needs(self, row: str) -> str:
        """The state in which the worker died. `row` is written by somebody else who has not committed."""
        with psycopg.connect(self.superuser) as other, self.worker() as worker:
            other.execute("set session_replication_role = replica")  # the row alone, not what it refers to
            other.execute(row, self.place)
            with psycopg.connect(self.superuser, autocommit=True) as looking:
                eventually(lambda: looking.execute(_WAITING).fetchone() == (1,))
                assert looking.execute(_IN_THE_REGISTER).fetchone() == (0,)
            worker.send_signal(signal.SIGKILL)
            worker.wait()
            other.rollback()
        return self.state

    @contextmanager
    def worker(self) -> Iterator[subprocess.Popen[bytes]]:
        started = subprocess.Popen([sys.executable, "-m", "services.registry", "worker"], env=self.environment)
        try:
            yield started
        finally:
            started.kill()
            started.wait()


@pytest.fixture
def killing(registry: Registry, urls: Database, platform: Platform) -> Killing:
    environment = os.environ | platform.environment("registry", "worker", urls)
    environment |= {"VAULT_KEY": VAULT_KEY, "READER_PUBLIC_KEYS": f'{{"notify": "{PUBLIC}"}}', "HEALTH_PORT": "0"}
    return Killing(registry, platform.superuser_url(urls.name), environment)


def test_an_import_survives_the_death_of_its_worker_in_every_state(killing: Killing):
    made, registry = sample.made(seed=3, units=UNITS, district=DISTRICT), killing.registry
    project_id = registry.project(made)
    import_id = registry.upload(project_id, workbook(made)).json["import_id"]
    alone = next(line["unit_code"] for line in made.holders if "household" not in line)
    killing.place |= {"import_id": import_id, "project_id": project_id, "district": DISTRICT}
    killing.place |= {"unit_code": alone, "household": f"套 {alone}"}

    assert killing.killed_where_it_needs(_IMPORT) == "uploaded"
    assert killing.killed_where_it_needs(_LINE) == "reading"
    assert killing.killed_where_it_needs(_UNIT) == "checking"
    with killing.worker():
        assert killing.reached("clean", "faulty") == "clean"
    assert registry.post(f"/imports/{import_id}/commit").status_code == 202
    assert killing.killed_where_it_needs(_HOUSEHOLD) == "committing"
    with killing.worker():
        assert killing.reached("committed", "faulty") == "committed"

    assert_all_of_it_once(registry, made)


def assert_all_of_it_once(registry: Registry, made: sample.Sample) -> None:
    people = {(line["document_type"], line["document_number"]) for line in made.holders}
    counts = "(select count(*) from units), (select count(*) from people), (select count(*) from holders)"
    left = "(select count(*) from import_lines), (select count(*) from import_parts)"
    with registry.mechanism.connect() as connection:
        found = connection.execute(text(f"select {counts}, {left}")).one()
        gaps = connection.execute(
            text("""select topic, key, sequence from (
                select *, row_number() over (partition by topic, key order by id) as place from events) as incoming
                where sequence <> place""")
        ).all()
    assert tuple(found) == (UNITS, len(people), len(made.holders), 0, 0)
    assert gaps == []
    for event, key, count in (
        (UnitRegistered, "unit_id", UNITS),
        (UnitAssigned, "unit_id", UNITS),
        (KeyWrapped, "person_id", len(people)),
        (ContactRecorded, "person_id", len(people)),
    ):
        times = Counter(getattr(item, key) for item in events_of(registry, event))
        assert len(times) == count and set(times.values()) == {1}, event


@pytest.mark.logs_error("import given up")
def test_an_import_that_kills_every_worker_does_not_stop_the_next_import(registry: Registry):
    made = sample.made(seed=1, units=20, district=DISTRICT)
    project_id = registry.project(made)
    deadly, harmless = (registry.upload(project_id, workbook(made)).json["import_id"] for _ in range(2))
    with registry.engine.begin() as connection:
        connection.execute(text("select set_config('clearwater.district', :d, true)"), {"d": DISTRICT})
        connection.execute(
            text("""insert into import_progress (import_id, district, step, tries, began_at, noted_at)
                values (:import_id, :district, 'reading', 5, now(), now())"""),
            {"import_id": deadly, "district": DISTRICT},
        )
    registry.work()

    report = registry.get(f"/imports/{deadly}").json
    assert (report["state"], report["refusal"]["code"]) == ("refused", "import-given-up")
    assert registry.get(f"/imports/{harmless}").json["state"] == "clean"


def test_a_file_that_takes_too_long_is_given_up_and_the_next_import_is_read(registry: Registry, monkeypatch):
    made = sample.made(seed=1, units=20, district=DISTRICT)
    project_id = registry.project(made)
    monkeypatch.setattr(stage_import, "_LONGEST_SECONDS", 0)
    slow = registry.imported(project_id, workbook(made), commit=False)
    monkeypatch.undo()
    next_one = registry.imported(project_id, workbook(made), commit=False)

    assert (slow["state"], slow["refusal"]["code"], slow["refusal"]["facts"]) == (
        "refused",
        "import-too-slow",
        {"seconds": 0},
    )
    assert next_one["state"] == "clean"

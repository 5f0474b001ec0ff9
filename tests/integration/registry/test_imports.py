"""Correct workbooks, repeated ones and too large ones: an import is complete or absent. Mistakes: test_mistakes.py."""

import io
import tracemalloc
from collections.abc import Callable, Sequence
from uuid import UUID

import openpyxl
import psycopg
import pytest
from sqlalchemy import text

from services.registry.domain import sample
from services.registry.domain.imports import LARGEST_BYTES
from services.registry.domain.template import BUILDINGS_SHEET, HOLDERS_SHEET
from services.registry.queries import readiness
from shared.service import database
from tests.integration.registry.conftest import DISTRICT, Registry, as_csv, workbook
from tests.support.platform import Database, Platform


def edited(made: sample.Sample, cells: dict[str, object]) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(workbook(made)))
    for place, value in cells.items():
        book[HOLDERS_SHEET][place] = value
    file = io.BytesIO()
    book.save(file)
    book.close()
    return file.getvalue()


def small() -> sample.Sample:
    return sample.made(seed=1, units=20, district=DISTRICT)


def left_of_files(registry: Registry) -> list[tuple[object, ...]]:
    """For each import: the number of parts and lines, and their sealing key."""
    parts = "select (select count(*) from import_parts) + (select count(*) from import_lines), wrapped_key from imports"
    with registry.mechanism.connect() as connection:
        return [tuple(row) for row in connection.execute(text(parts))]


def test_importing_again_changes_only_what_changed(registry: Registry):
    made = small()
    project_id = registry.project(made)
    registry.imported(project_id, workbook(made))
    before = {unit["unit_code"]: unit for unit in registry.get(f"/projects/{project_id}/units?limit=200").json["items"]}

    report = registry.imported(project_id, edited(made, {"K2": 70.01}), commit=False)
    assert report["changes"] == {"new": 0, "changed": 1, "unchanged": 19}
    assert [(item["row"], item["changed_columns"]) for item in report["changed"]] == [(2, ["surveyed_area"])]

    registry.post(f"/imports/{report['import_id']}/commit")
    registry.work()
    after = {unit["unit_code"]: unit for unit in registry.get(f"/projects/{project_id}/units?limit=200").json["items"]}
    code = made.holders[0]["unit_code"]
    assert (after[code]["surveyed_area"], after[code]["revision"]) == ("70.01", 2)
    assert {key: unit for key, unit in after.items() if key != code} == {k: u for k, u in before.items() if k != code}


def test_a_changed_telephone_number_is_shown_before_the_commit(registry: Registry):
    """The units of the owner do not change."""
    made = small()
    project_id = registry.project(made)
    assert registry.imported(project_id, workbook(made))["contacts_changed"] == 0
    report = registry.imported(project_id, edited(made, {"W2": "+85251234567"}), commit=False)
    assert (report["changes"], report["contacts_changed"]) == ({"new": 0, "changed": 0, "unchanged": 20}, 1)

    registry.post(f"/imports/{report['import_id']}/commit")
    registry.work()
    assert registry.imported(project_id, edited(made, {"W2": "+85251234567"}), commit=False)["contacts_changed"] == 0


class Endless(io.RawIOBase):
    """An endless upload without a content length."""

    def __init__(self) -> None:
        head = '--x\r\nContent-Disposition: form-data; name="file"; filename="a.xlsx"\r\n\r\n'
        self.sent, self._head = 0, head.encode()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        content = (self._head or b"\0" * 65_536)[: len(buffer)]
        self._head = b""
        buffer[: len(content)] = content
        self.sent += len(content)
        return len(content)


def test_an_upload_above_the_limit_is_cut_while_it_arrives(registry: Registry):
    project_id, endless = registry.project(), Endless()
    refused = registry.app.test_client().post(
        f"/api/v1/projects/{project_id}/imports",
        content_type="multipart/form-data; boundary=x",
        headers={**registry.headers("clerk"), "Idempotency-Key": "endless", "Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input": endless, "wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
    )

    assert refused.status_code == 413 and refused.mimetype == "application/problem+json", refused.text
    assert endless.sent < LARGEST_BYTES + 1024 * 1024


def test_the_same_upload_sent_again_is_one_import(registry: Registry):
    made = small()
    project_id = registry.project(made)
    content = workbook(made)
    first, again = (registry.upload(project_id, content, key="one") for _ in range(2))

    assert (first.data, again.headers["Replayed"]) == (again.data, "true")
    other = registry.upload(project_id, workbook(sample.made(seed=2, units=20, district=DISTRICT)), key="one")
    assert (other.status_code, other.json["code"]) == (422, "idempotency-key-reused")


def test_unprintable_characters_are_removed_from_a_file_name(registry: Registry):
    made = small()
    uploaded = registry.upload(registry.project(made), workbook(made), name="a\0\x07b.xlsx")

    assert (uploaded.status_code, uploaded.json["file_name"]) == (202, "ab.xlsx"), uploaded.text


def test_the_template_is_readable_by_the_import(registry: Registry):
    answer = registry.get("/imports/template")
    book = openpyxl.load_workbook(io.BytesIO(answer.data))

    assert book.sheetnames == [HOLDERS_SHEET, BUILDINGS_SHEET]
    assert book[HOLDERS_SHEET]["A1"].value == "小区*"
    assert registry.upload(registry.project(), answer.data).status_code == 202


def test_an_import_of_a_dead_worker_is_read_again(registry: Registry, urls: Database, platform: Platform):
    made = small()
    uploaded = registry.upload(registry.project(made), workbook(made)).json
    registry.importer.run_once()
    with registry.mechanism.connect() as connection:
        staged = connection.execute(text("select count(*) from import_lines")).scalar()
    with psycopg.connect(platform.superuser_url(urls.name)) as connection:
        connection.execute("set session_replication_role = replica")  # no command takes an import back
        connection.execute("update imports set state = 'reading'")
    registry.work()

    assert registry.get(f"/imports/{uploaded['import_id']}").json["state"] == "clean"
    with registry.mechanism.connect() as connection:
        assert connection.execute(text("select count(*) from import_lines")).scalar() == staged == len(made.holders)


def test_a_finished_import_leaves_no_file_behind(registry: Registry):
    made = small()
    report = registry.imported(registry.project(made), workbook(made))

    assert left_of_files(registry) == [(0, None)]
    gone = registry.get(f"/imports/{report['import_id']}/annotated.xlsx")
    assert (gone.status_code, gone.json["code"]) == (410, "import-file-gone")


def test_a_cancelled_import_leaves_no_file_behind_and_stops(registry: Registry):
    made = small()
    project_id = registry.project(made)
    report = registry.imported(project_id, workbook(made), commit=False)
    given_up, again = (registry.post(f"/imports/{report['import_id']}/abandon") for _ in range(2))

    assert (given_up.status_code, given_up.json["state"], again.json["state"]) == (200, "abandoned", "abandoned")
    assert left_of_files(registry) == [(0, None)]
    late = registry.post(f"/imports/{report['import_id']}/commit")
    assert (late.status_code, late.json["code"]) == (409, "import-not-ready")
    assert registry.get(f"/projects/{project_id}/units").json["items"] == []
    done = registry.imported(project_id, workbook(made))
    refused = registry.post(f"/imports/{done['import_id']}/abandon")
    assert (refused.status_code, refused.json["code"]) == (409, "import-not-ready")


def rows_with(registry: Registry, words: Sequence[str]) -> dict[str, int]:
    """By table, the number of rows that hold one of the values in any column."""
    found = {}
    with registry.mechanism.connect() as connection:
        tables = "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
        for table in connection.execute(text(tables)).scalars().all():
            rows = list(connection.execute(text(f"select row_to_json(line)::text from {table} as line")).scalars())
            if table == "idempotent_answers":
                rows += connection.execute(text(f"select convert_from(body, 'UTF8') from {table}")).scalars()
            if counted := sum(any(word in row for word in words) for row in rows):
                found[table] = counted
    return found


def test_an_import_with_mistakes_waits_until_a_later_one_is_committed(registry: Registry):
    made = small()
    project_id = registry.project(made)
    faulty, right = edited(made, {"N2": "abc-shared"}), workbook(made)
    waiting = []
    for content, name, commit in (
        (faulty, "1.xlsx", False),
        (right, "2.xlsx", False),
        (right, "3.xlsx", True),
        (faulty, "4.xlsx", False),
    ):
        registry.imported(project_id, content, name=name, commit=commit)
        listed = registry.get(f"/projects/{project_id}/imports?unfinished=true").json["items"]
        waiting.append(" ".join(f"{item['file_name'][0]} {item['state']}" for item in listed))
        with database.reading(registry.engine, granted=[DISTRICT]) as tx:
            assert readiness.of(tx, UUID(project_id)).unfinished == len(listed)

    assert waiting == ["1 faulty", "2 clean 1 faulty", "2 clean", "4 faulty 2 clean"]
    assert len(registry.get(f"/projects/{project_id}/imports").json["items"]) == 4


@pytest.mark.parametrize("state", ["clean", "faulty", "refused"])
def test_nothing_of_the_file_remains_after_a_cancelled_import(registry: Registry, state: str):
    made = small()
    project_id = registry.project(made)
    written = {"clean": {}, "faulty": {"N2": "abc-shared"}, "refused": {"C1": "abc-stairwell"}}[state]
    registry.upload(project_id, edited(made, written), name="abc-list.xlsx")
    registry.work()
    (report,) = registry.get(f"/projects/{project_id}/imports").json["items"]
    words = ("abc-", str(made.holders[0]["unit_code"]), str(made.holders[0]["compound"]), "document_number")
    assert report["state"] == state and rows_with(registry, words)
    registry.post(f"/imports/{report['import_id']}/abandon")

    assert rows_with(registry, words) == {}
    after = registry.get(f"/imports/{report['import_id']}").json
    assert (after["state"], after["file_name"], after["listed"]) == ("abandoned", "", [])
    assert registry.get(f"/imports/{report['import_id']}/annotated.xlsx").status_code == 410


@pytest.mark.parametrize(("write", "name"), [(workbook, "units.xlsx"), (as_csv, "units.csv")])
def test_memory_does_not_grow_with_the_rows_of_a_file(
    registry: Registry, write: Callable[[sample.Sample], bytes], name: str
):
    """Read, checked and committed. Both are larger than a batch, so that what is held at once is the same, and below the 500 kB from
    which the test's own client keeps an upload in a file.
    """
    peaks = []
    for units, district in ((510, "440303"), (1_500, "440305")):
        made = sample.made(seed=units, units=units, district=district)
        project_id, content = registry.project(made, district=district), write(made)
        del made
        tracemalloc.start()
        report = registry.imported(project_id, content, name=name, district=district)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert report["state"] == "committed", report["listed"]

    assert peaks[1] < peaks[0] * 1.25, peaks

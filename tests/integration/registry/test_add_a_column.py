"""Is a column of the workbook its entry, its column in the table and its name? The test follows the how-to in a copy of the tree."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from services.registry.domain import sample
from services.registry.domain.template import BUILDINGS, HOLDERS, OF_UNIT
from tests.integration.registry import conftest
from tests.integration.registry.conftest import Registry, workbook
from tests.support.new_column import DISTRICT, SEED, UNITS
from tests.support.platform import Database, Platform
from tests.support.tree import blocks, copied, is_code

HOW_TO = "how-to/add-a-column.md"
RENAMED = {"balcony_area": "terrace_area", "阳台面积": "露台面积", "Balcony area": "Terrace area"}
REGISTRY = Path("services", "registry")
_TYPES = {"area": "numeric", "date": "date", "integer": "integer"}


def block(language: str, number: int = 0) -> str:
    return blocks(HOW_TO, language, RENAMED)[number]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the tree with the column of the how-to."""
    copied(tmp_path, is_code)
    template = tmp_path / REGISTRY / "domain" / "template.py"
    before, after = template.read_text(encoding="utf-8").split("\n)\n\nBUILDINGS_SHEET", 1)
    template.write_text(f"{before}\n{block('python').rstrip()},\n)\n\nBUILDINGS_SHEET{after}", encoding="utf-8")
    versions = tmp_path / REGISTRY / "migrations" / "versions"
    newest = max(file.name[:4] for file in versions.glob("*.sql"))
    added = f"{int(newest) + 1:04d}"
    (versions / f"{added}_terrace_area.sql").write_text(block("sql"), encoding="utf-8")
    script = block("python", 1).replace("NNNN", added).replace("MMMM", newest)
    (versions / f"{added}_terrace_area.py").write_text(script, encoding="utf-8")
    with (tmp_path / REGISTRY / "web" / "acts.toml").open("a", encoding="utf-8") as texts:
        texts.write("\n" + block("toml"))
    return tmp_path


def test_the_column_has_an_example_in_the_description_of_the_api(tree: Path) -> None:
    def examples() -> "subprocess.CompletedProcess[str]":
        its_test = ("tests/contract/service/test_examples.py", "-k", "every_operation_has_an_example and registry")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *its_test]
        return subprocess.run(
            command, cwd=tree, env={**os.environ, "PYTHONPATH": str(tree)}, capture_output=True, text=True, check=False
        )

    assert "UnitState.terrace_area" in examples().stdout
    values = tree / REGISTRY / "examples.toml"
    before, head, after = values.read_text(encoding="utf-8").partition("[values]\n")
    values.write_text(before + head + block("toml", 1) + after, encoding="utf-8")
    answer = examples()

    assert answer.returncode == 0, answer.stdout


def test_the_tests_of_the_workbook_count_the_columns_of_the_template(tree: Path) -> None:
    """Whoever adds a column finds `make check` green."""
    own = [
        f"tests/unit/registry/test_{name}.py"
        for name in ("annotated", "csv_file", "faults", "lines", "sample", "workbook")
    ]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        *own,
        "-k",
        "not an_export_holds_no_more",
    ]

    done = subprocess.run(
        command, cwd=tree, env={**os.environ, "PYTHONPATH": str(tree)}, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout


def test_the_column_of_the_how_to_is_imported_read_corrected_and_exported(
    tree: Path, registry: Registry, urls: Database, platform: Platform, issuer: tuple[str, Path]
) -> None:
    made = sample.made(seed=SEED, units=UNITS, district=DISTRICT)
    project_id = registry.project(made)
    registry.imported(project_id, workbook(made))
    environment = {**os.environ, **platform.environment("registry", "migrate", urls)}
    environment |= platform.environment("registry", "api", urls) | {
        "PYTHONPATH": str(tree),
        "ISSUER_URL": issuer[0],
        "ISSUER_INTERNAL_URL": "",
        "CLOCK_FILE": "",
        "PUBLIC_URL": "http://localhost",
        "VAULT_KEY": conftest.VAULT_KEY,
        "READER_PUBLIC_KEYS": json.dumps({"notify": conftest.PUBLIC}),
        "SENDER_PUBLIC_KEY": conftest.SENDER_PUBLIC,
    }

    def run(*command: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=tree, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("services.registry", "migrate")
    token = registry.headers("clerk")["Authorization"].removeprefix("Bearer ")
    answer = json.loads(run("tests.support.new_column", project_id, token, "terrace_area").splitlines()[-1])

    steps = [answer[step]["terrace_area"] for step in ("before", "imported", "left", "corrected", "emptied")]
    assert steps == [None, "6.50", "6.50", "7.25", None]
    assert answer["changes"] == {"new": 0, "changed": UNITS, "unchanged": 0}
    assert answer["repeated"] == {"new": 0, "changed": 0, "unchanged": UNITS}
    assert answer["exported"] == ["露台面积", *["6.5"] * len(made.holders)]
    assert [re.findall("Terrace area", page) for page in answer["pages"]] == [["Terrace area"]] * 2
    assert 'name="terrace_area" type="text" value="6.50"' in answer["pages"][1]


def test_the_register_has_a_column_of_the_right_type_for_each_column_of_the_template(registry: Registry) -> None:
    units = {column.name: _TYPES.get(column.form, "text") for column in OF_UNIT}
    buildings = {column.name: _TYPES.get(column.form, "text") for column in BUILDINGS}

    assert units.items() <= columns_of(registry.mechanism, "units").items()
    assert buildings.items() <= columns_of(registry.mechanism, "buildings").items()
    assert buildings.items() <= columns_of(registry.mechanism, "import_buildings").items()


def test_a_newer_column_stands_last_and_its_note_says_that_an_empty_cell_leaves_the_value() -> None:
    for columns in (HOLDERS, BUILDINGS):
        newer = [column.newer for column in columns]
        assert newer == sorted(newer)
        assert [column.name for column in columns if column.newer and "留空不改" not in column.note] == []


def columns_of(engine: Engine, table: str) -> dict[str, str]:
    with engine.connect() as connection:
        found = connection.execute(
            text("select column_name, data_type from information_schema.columns where table_name = :table"),
            {"table": table},
        )
        return dict(found.tuples().all())

"""Does `make test-all` run each test file exactly once, and `make test` a part of it? Read from the commands that make would run."""

import shlex
import subprocess
from collections import Counter
from pathlib import Path

from deploy.local.place import ROOT

FILES = {file.relative_to(ROOT) for file in (ROOT / "tests").rglob("test_*.py")}


def commands(target: str) -> list[str]:
    shown = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [line for line in shown.splitlines() if "-m pytest" in line]


def files_of(command: str) -> set[Path]:
    words = shlex.split(command)
    left_out = [Path(word.removeprefix("--ignore=")) for word in words if word.startswith("--ignore=")]
    named = [Path(word) for word in words if word.startswith("tests/")]
    return {file for file in FILES if is_in(file, named) and not is_in(file, left_out)}


def is_in(file: Path, places: list[Path]) -> bool:
    return any(file.is_relative_to(place) for place in places)


def test_ci_runs_every_test_file_exactly_once():
    runs = Counter(file for command in commands("test-all") for file in files_of(command))

    assert FILES - runs.keys() == set()
    assert {file: times for file, times in runs.items() if times > 1} == {}
    assert {"make test", "make long-tests"} <= set((ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines())


def test_every_path_that_a_target_names_exists():
    named = {word for command in commands("test-all") for word in shlex.split(command)}
    paths = {word.removeprefix("--ignore=") for word in named if word.removeprefix("--ignore=").startswith("tests/")}

    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []


def test_every_package_of_tests_has_a_file_in_the_short_set():
    short = {file for command in commands("test") for file in files_of(command)}

    assert {file.parts[1] for file in short} == {"unit", "contract", "integration", "browser", "e2e"}
    assert len(short) > len(FILES) * 3 / 4

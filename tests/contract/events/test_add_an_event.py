"""Does a new event need only its class and an example? The test follows the how-to in a copy of the tree."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.place import ROOT
from tests.support.tree import blocks, copied, is_code, tracked

HOW_TO = "how-to/add-an-event.md"
TYPE = "clearwater.signing.rehearsal.made.v1"
RENAMED = {"appointment": "rehearsal", "AppointmentMade": "RehearsalMade", "0000000009a1": "0000000009ff"}
EXAMPLE = Path("shared", "events", "examples", f"{TYPE}.1.json")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The tree without its documents, with the class of the how-to."""
    copied(tmp_path, is_code)
    [declared] = blocks(HOW_TO, "python", RENAMED)
    with (tmp_path / "shared" / "events" / "signing.py").open("a", encoding="utf-8") as module:
        module.write(f"\n\n{declared}")
    return tmp_path


def test_an_event_without_an_example_is_named(tree: Path):
    generated = generate(tree)

    assert (generated.returncode, generated.stderr) == (1, f"no example: write {EXAMPLE}\n")


def test_an_event_is_its_class_and_an_example(tree: Path):
    [example] = blocks(HOW_TO, "json", RENAMED)
    (tree / EXAMPLE).write_text(example, encoding="utf-8")

    generated, checked = generate(tree), generate(tree, "--check")

    assert (generated.returncode, checked.returncode) == (0, 0), generated.stderr + checked.stderr
    assert changed(tree) == {
        f"shared/events/{path}"
        for path in (
            "signing.py", "examples/manifest.json", f"examples/{TYPE}.1.json", f"schemas/{TYPE}.json", "asyncapi.json", "EVENTS.md",
        )
    }  # fmt: skip
    assert json.loads((tree / "shared/events/schemas" / f"{TYPE}.json").read_text(encoding="utf-8"))["description"]
    its_tests = run(
        tree,
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/contract/events/test_generated.py",
        "-k",
        "rehearsal or example",
    )
    assert its_tests.returncode == 0, its_tests.stdout


def test_reporting_reads_the_event_at_once(tree: Path):
    """The log of what other systems get takes every event of its topics."""
    [example] = blocks(HOW_TO, "json", RENAMED)
    (tree / EXAMPLE).write_text(example, encoding="utf-8")
    assert generate(tree).returncode == 0

    readers = ("tests/unit/events/test_readers.py", "-k", "every_reader_of_this_repository_is")
    its_test = run(tree, "pytest", "-q", "-p", "no:cacheprovider", *readers)

    assert its_test.returncode == 0, its_test.stdout


def test_an_example_that_was_changed_is_not_entered_again(tree: Path):
    [example] = blocks(HOW_TO, "json", RENAMED)
    (tree / EXAMPLE).write_text(example, encoding="utf-8")
    generate(tree)
    (tree / EXAMPLE).write_text(example.replace("01:30", "02:30"), encoding="utf-8")

    generated = generate(tree)

    assert (generated.returncode, generated.stderr) == (1, f"example changed or not entered: {TYPE}.1.json\n")


def changed(tree: Path) -> set[str]:
    """Everything under shared/ that differs from our own tree, or is in one of them only."""
    ours = {path.relative_to(ROOT): path for path in tracked() if path.relative_to(ROOT).parts[0] == "shared"}
    theirs = {
        path.relative_to(tree): path
        for path in (tree / "shared").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    both = ours.keys() & theirs.keys()
    differing = {path for path in both if ours[path].read_bytes() != theirs[path].read_bytes()}
    return {str(path) for path in differing | (ours.keys() ^ theirs.keys())}


def generate(tree: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    return run(tree, "shared.events.generate", *options)


def run(tree: Path, module: str, *options: str) -> "subprocess.CompletedProcess[str]":
    command, environment = [sys.executable, "-m", module, *options], {"PATH": "", "PYTHONPATH": str(tree)}
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)

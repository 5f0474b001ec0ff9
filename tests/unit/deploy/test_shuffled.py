"""Does the seed of `make soak` determine the order, and do folders keep their order and modules stay together?"""

import subprocess
import sys
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from deploy.local.place import ROOT
from tests.support.shuffled import shuffled


class Item(NamedTuple):
    """The part of a pytest item that its order depends on."""

    path: Path
    name: str


SUITE = [
    Item(Path(folder) / f"test_{module}.py", f"test_{number}")
    for folder in ("b", "a")
    for module in range(6)
    for number in range(6)
]


def test_the_seed_determines_the_order():
    assert shuffled(SUITE, 1) == shuffled(SUITE, 1)
    assert shuffled(SUITE, 1) != shuffled(SUITE, 2)
    assert sorted(shuffled(SUITE, 1)) == sorted(SUITE)


def test_folders_keep_their_order_and_modules_stay_together():
    modules = [path for path, _ in groupby(shuffled(SUITE, 1), key=lambda item: item.path)]

    assert [str(folder) for folder, _ in groupby(modules, key=lambda path: path.parent)] == ["b", "a"]
    assert len(modules) == len(set(modules)) == 12
    assert modules != sorted(modules, key=lambda path: (path.parent != Path("b"), path.name))


def test_pytest_orders_by_it_and_prints_the_seed(tmp_path: Path):
    for number in range(9):
        (tmp_path / f"test_{number}.py").write_text("def test_one():\n    pass\n")
    command = [sys.executable, "-m", "pytest", "-p", "tests.support.shuffled", "-p", "no:cacheprovider"]

    done = subprocess.run(
        [*command, "--collect-only", "--shuffle", "17"],
        cwd=tmp_path, env={"PYTHONPATH": str(ROOT), "PATH": ""}, capture_output=True, text=True, check=True,
    )  # fmt: skip

    listed = [line.strip() for line in done.stdout.splitlines() if "<Module" in line]
    assert "--shuffle 17" in done.stdout
    assert len(listed) == 9
    assert listed != sorted(listed)

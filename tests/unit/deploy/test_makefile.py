"""Does `make` say in one line that it has the wrong Python, or none, and what to do?"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from deploy.local.place import ROOT


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The part of a fresh clone that the first rule needs."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "workspace.lock").touch()
    return tmp_path


def test_an_old_python_is_named_with_its_version(clone: Path):
    old = clone / "old-python"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2\nexit 1\n')
    old.chmod(0o755)

    assert make(clone, old) == "Python 3.9.2 is too old: use 3.11 or newer, make PYTHON=python3.11"


def test_a_missing_python_is_named(clone: Path):
    output = make(clone, Path("no-such-python"))

    assert output == "There is no no-such-python: install Python 3.11 or newer, or name yours with make PYTHON=…"


def make(clone: Path, python: Path) -> str:
    """The output before make's own last line."""
    alone = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(
        ["make", "setup", f"PYTHON={python}"], cwd=clone, env=alone, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 2
    assert not (clone / ".venv").exists()
    output, last = done.stderr.strip().splitlines()
    assert last.startswith("make: ***")
    return output

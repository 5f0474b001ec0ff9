"""Does each import contract find a violation? Each test plants one in a copy of the tree; only that contract must break."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from deploy.local.place import ROOT

PLANTED = [
    ("independent-services", "services/signing/commands/planted.py", "import services.registry.domain\n"),
    ("shared-knows-no-service", "shared/messaging/planted.py", "import services.signing.domain\n"),
    ("services-know-no-deployment", "services/notify/workers/planted.py", "import deploy.local.place\n"),
    ("one-direction", "services/signing/store/planted.py", "import services.signing.commands\n"),
    ("one-direction", "services/reporting/unplanned.py", ""),
    ("pure-domain", "services/registry/domain/planted.py", "import sqlalchemy\n"),
    ("pure-domain", "services/registry/domain/planted.py", "import shared.messaging\n"),
    ("one-kafka-client", "shared/service/planted.py", "import kafka\n"),
]
CONTRACTS = sorted({contract for contract, _, _ in PLANTED})


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__", "static", "templates", "schemas", "*.lock")
    for folder in ("shared", "services", "deploy"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize(("contract", "file", "source"), PLANTED)
def test_a_planted_violation_breaks_its_contract(tree: Path, contract, file, source):
    assert lint(tree, contract).returncode == 0

    planted = tree / file
    planted.parent.mkdir(parents=True, exist_ok=True)
    (planted.parent / "__init__.py").touch()
    planted.write_text(source, encoding="utf-8")

    broken = lint(tree, contract)
    assert broken.returncode == 1, broken.stdout
    assert "BROKEN" in broken.stdout


def test_every_contract_is_planted_against():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    assert sorted(item["id"] for item in declared) == CONTRACTS


def lint(tree: Path, contract: str) -> "subprocess.CompletedProcess[str]":
    command = [Path(sys.executable).with_name("lint-imports"), "--contract", contract, "--no-cache"]
    return subprocess.run(
        command, cwd=tree, env={"PATH": "", "PYTHONPATH": str(tree)}, capture_output=True, text=True, check=False
    )

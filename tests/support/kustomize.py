"""Builds a kustomization as `kubectl apply -k` does, with the tool that this machine has or can build."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local.place import ROOT

_BUILT_IN = ROOT / ".cache" / "kustomize"
_MODULE = "sigs.k8s.io/kustomize/kustomize/v5@v5.8.1"


@cache
def build(folder: Path) -> list[dict[str, Any]]:
    """Every document. Skips the test, in words, where there is neither kustomize, nor kubectl, nor Go."""
    built = subprocess.run([*_tool(), str(folder)], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return [document for document in yaml.load_all(built.stdout, Loader=yaml.CSafeLoader) if document]


def _tool() -> tuple[str, ...]:
    if kustomize := shutil.which("kustomize") or shutil.which("kustomize", path=str(_BUILT_IN)):
        return (kustomize, "build")
    if kubectl := shutil.which("kubectl"):
        return (kubectl, "kustomize")
    if go := shutil.which("go"):
        return (_from_module(go), "build")
    pytest.skip("this machine has no kustomize, kubectl or go: the overlays of deploy/kubernetes are not built here")


def _from_module(go: str) -> str:
    """Built once, in some 45 s."""
    subprocess.run([go, "install", _MODULE], env={**os.environ, "GOBIN": str(_BUILT_IN)}, check=True)
    return str(_BUILT_IN / "kustomize")

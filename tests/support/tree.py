"""The repository's own files, as git lists them, for tests of the tree itself."""

import subprocess
from pathlib import Path

from deploy.local.place import ROOT


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def python_files() -> list[Path]:
    return [file.relative_to(ROOT) for file in tracked() if file.suffix == ".py"]

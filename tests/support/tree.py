"""The repository's own files, as git lists them, for tests of the tree itself."""

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from deploy.local.place import ROOT


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def python_files() -> list[Path]:
    return [file.relative_to(ROOT) for file in tracked() if file.suffix == ".py"]


_CODE = {"shared", "deploy", "services", "tests", "pyproject.toml"}


def is_code(path: Path) -> bool:
    """Whether a path, from the root, is what runs: no documents, locks or containers."""
    return path.parts[0] in _CODE


def copied(to: Path, chosen: Callable[[Path], bool] = lambda _: True) -> Path:
    """The tracked files whose path from the root is chosen."""
    for file in tracked():
        if chosen(path := file.relative_to(ROOT)):
            (to / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, to / path)
    return to


def blocks(page: str, language: str, renamed: Mapping[str, str] | None = None) -> list[str]:
    """The blocks of code of one language in a page of docs, in their order. `page`: from the folder docs.

    `renamed`: other words for some of the page, so that its walk also succeeds in a tree that has the page's own example.
    """
    words = (ROOT / "docs" / page).read_text(encoding="utf-8")
    for word, another in (renamed or {}).items():
        words = words.replace(word, another)
    return re.findall(rf"```{language}\n(.*?)```", words, re.DOTALL)

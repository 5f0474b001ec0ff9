"""The worked subscribers under examples/: what the machine needs for each, and how it is built and started in a copy of its folder."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from deploy.local import assets
from deploy.local.place import ROOT


class Example(NamedTuple):
    needs: str
    build: Sequence[str]
    start: Sequence[str]
    folder: str = "."  # below the language's own


NODE = str(assets.node())
TSC = str(ROOT / "node_modules" / "typescript" / "bin" / "tsc")
LANGUAGES = {
    "python": Example(sys.executable, (), (sys.executable, "subscriber.py")),
    "typescript": Example(NODE, (NODE, TSC), (NODE, "subscriber.mjs")),
    "go": Example("go", ("go", "build", "-o", "subscriber", "."), ("./subscriber",)),
    "java": Example(
        "mvn",
        ("mvn", "-q", "-B", "compile", "dependency:copy-dependencies"),
        ("java", "-cp", "target/classes:target/dependency/*", "Subscriber"),
    ),
}


def copied(language: str, folder: Path) -> Path:
    """A copy of the example's folder, beside the modules that npm has fetched."""
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    return Path(shutil.copytree(ROOT / "examples" / language, folder / language))

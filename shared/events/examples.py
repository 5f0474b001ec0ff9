"""The golden examples: records of every event, kept for ever. A release that cannot read one is not compatible.

examples/<type>.<n>.json   {"topic", "key", "headers", "payload"}; only ever added
examples/manifest.json     SHA-256 of each, so that changing or removing one shows
"""

import hashlib
import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "examples"
MANIFEST = "manifest.json"


def of(event_type: str) -> list[Path]:
    """The examples of a type, oldest first."""
    return sorted(FOLDER.glob(f"{event_type}.*.json"), key=lambda path: int(path.suffixes[-2].strip(".")))


def load(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def changed(folder: Path = FOLDER) -> list[str]:
    """The differences from the manifest: changed, removed, or not yet entered."""
    entered: dict[str, str] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    present = digests(folder)
    return sorted(name for name in entered.keys() | present.keys() if entered.get(name) != present.get(name))


def enter(folder: Path = FOLDER) -> None:
    """Enters new examples in the manifest. One that is entered stays as it is, so that `changed` goes on to name it."""
    entered: dict[str, str] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    manifest = dict(sorted({**digests(folder), **entered}.items()))
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def digests(folder: Path = FOLDER) -> dict[str, str]:
    paths = sorted(path for path in folder.glob("*.json") if path.name != MANIFEST)
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}

"""Releases schemas: readers may rely on released/, and every change is compared with it.

python -m shared.events.release VERSION    copies the generated schemas to released/; refuses when one of them is incompatible

released/       the schemas of the last release
releases.json   type → the release that published it first
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from shared.events import catalogue, compatibility, schemas
from shared.events.schemas import Document

RELEASED = Path(__file__).parent / "released"
RELEASES = Path(__file__).parent / "releases.json"


def broken(released: Path = RELEASED) -> list[str]:
    """Every incompatible change since the release, one sentence each. An unreleased schema may change freely."""
    current = {event.declared.type: schemas.document(event) for event in catalogue.events()}
    found = []
    for path in sorted(released.glob("*.json")):
        event_type = path.name.removesuffix(".json")
        if event_type not in current:
            found.append(f"{event_type}: released, no longer declared")
            continue
        before: Document = json.loads(path.read_text(encoding="utf-8"))
        found += [f"{event_type} {change}" for change in compatibility.breaks(before, current[event_type])]
    return found


def first(event_type: str, releases: Path = RELEASES) -> str:
    """The release that published it first; empty for one that is not released yet."""
    known: dict[str, str] = json.loads(releases.read_text(encoding="utf-8"))
    return known.get(event_type, "")


def release(released: Path = RELEASED) -> list[str]:
    """The incompatible changes that prevent the release; empty when it was released."""
    if found := broken(released):
        return found
    released.mkdir(exist_ok=True)
    for event in catalogue.events():
        text = json.dumps(schemas.document(event), ensure_ascii=False, indent=2) + "\n"
        (released / f"{event.declared.type}.json").write_text(text, encoding="utf-8")
    return []


def enter(version: str, releases: Path = RELEASES) -> None:
    """Notes this release as the first one of every type that had none."""
    known = json.loads(releases.read_text(encoding="utf-8"))
    entered = {event.declared.type: version for event in catalogue.events()} | known
    releases.write_text(json.dumps(dict(sorted(entered.items())), indent=2) + "\n", encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 1:
        sys.stderr.write("name the version: python -m shared.events.release 0.2.0\n")
        return 2
    refused = release()
    if not refused:
        enter(arguments[0])
    sys.stderr.writelines(f"{line}\n" for line in refused)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

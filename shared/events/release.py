"""Releases schemas: readers may rely on released/, and every change is compared with it.

python -m shared.events.release    copies the generated schemas to released/; refuses when one of them is incompatible
"""

import json
import sys
from pathlib import Path

from shared.events import catalogue, compatibility, schemas
from shared.events.schemas import Document

RELEASED = Path(__file__).parent / "released"


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


def release(released: Path = RELEASED) -> list[str]:
    """The incompatible changes that prevent the release; empty when it was released."""
    if found := broken(released):
        return found
    released.mkdir(exist_ok=True)
    for event in catalogue.events():
        text = json.dumps(schemas.document(event), ensure_ascii=False, indent=2) + "\n"
        (released / f"{event.declared.type}.json").write_text(text, encoding="utf-8")
    return []


if __name__ == "__main__":
    refused = release()
    sys.stderr.writelines(f"{line}\n" for line in refused)
    sys.exit(1 if refused else 0)

"""Writes what is derived from the declarations: schemas/*.json, the manifest of the examples, asyncapi.json and EVENTS.md.

`python -m shared.events.generate` writes them. It exits 1 and names each event without an example, each changed example, and each
incompatible change against released/, with the readers of this repository that it breaks (impact.py).
With `--check` it writes nothing, and names each file that is stale, missing or left over too.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from shared.events import asyncapi, catalogue, examples, impact, manual, release, schemas
from shared.events.schemas import Document

FOLDER = Path(__file__).parent


def files() -> dict[str, str]:
    """Path below shared/events → text."""
    written = {schemas_path(event.declared.type): as_json(schemas.document(event)) for event in catalogue.events()}
    api = as_json(asyncapi.document())
    return {**written, "asyncapi.json": api, "EVENTS.md": manual.text()}


def schemas_path(event_type: str) -> str:
    return f"schemas/{event_type}.json"


def as_json(document: Document) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def stale(folder: Path = FOLDER) -> list[str]:
    """Every generated file that is not as it would be written now, and every schema that belongs to no event."""
    expected = files()
    differing = [path for path, text in expected.items() if not _is(folder / path, text)]
    left_over = [f"schemas/{path.name}" for path in folder.glob("schemas/*") if f"schemas/{path.name}" not in expected]
    return sorted(differing + left_over)


def write(folder: Path = FOLDER) -> None:
    for path in stale(folder):
        (folder / path).unlink(missing_ok=True)
    for path, text in files().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    types = [event.declared.type for event in catalogue.events()]
    wrong = [f"no example: write shared/events/examples/{name}.1.json" for name in types if not examples.of(name)]
    if not wrong and "--check" not in arguments:
        examples.enter()
        write()
    elif not wrong:
        wrong = [f"stale: shared/events/{path}; run make events" for path in stale()]
    wrong += [f"example changed or not entered: {name}" for name in examples.changed()]
    wrong += release.broken()
    wrong += impact.sentences()
    sys.stderr.writelines(f"{line}\n" for line in wrong)
    return 1 if wrong else 0


def _is(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

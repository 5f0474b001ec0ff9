"""EVENTS.md: the contract in words, for engineers of other agencies who read nothing else."""

import json
from collections.abc import Iterator
from pathlib import Path
from string import Template

from shared.events import asyncapi, catalogue, described, structured, topics
from shared.events.contract import Event
from shared.events.described import Described, FieldLine
from shared.events.masking import COMPOUND_SURNAMES

_WORDS = Path(__file__).parent / "EVENTS.template.md"


def text() -> str:
    words = Template(_WORDS.read_text(encoding="utf-8"))
    return words.substitute(
        headers="\n".join(_headers()),
        places="\n".join(f"| `{name}` | {meaning} |" for name, meaning in structured.PLACES.items()),
        topics="\n".join(_topics()),
        diagram="\n".join(_diagram()),
        events="\n\n".join(_event(event) for event in catalogue.events()),
        pattern=topics.pattern(),
        surnames=" ".join(sorted(COMPOUND_SURNAMES)),
    )


def _headers() -> Iterator[str]:
    for name, meaning in asyncapi.headers().items():
        yield f"| `{name}` | {'where known' if name in asyncapi.OPTIONAL_HEADERS else 'always'} | {meaning} |"


def _topics() -> Iterator[str]:
    for kind in topics.KINDS.values():
        keeps = "last value of each key" if kind.compacted else "everything"
        row = (f"`{kind.kind}`", kind.owner, f"`{kind.key}`", kind.audience, kind.ordering, str(kind.partitions), keeps)
        yield f"| {' | '.join(row)} |"


def _diagram() -> Iterator[str]:
    for kind in topics.KINDS.values():
        for event in catalogue.events():
            if event.declared.topic == kind.kind:
                yield f'    {kind.owner} -->|{event.__name__}| {kind.kind.replace("-", "_")}[("{kind.kind}")]'


def _event(event: type[Event]) -> str:
    found = described.of(event)
    payload = json.dumps(found.examples[0]["payload"], ensure_ascii=False, indent=2)
    rows = "\n".join(_row(line) for line in found.fields)
    fields = (
        f"| field | form | present | meaning |\n|---|---|---|---|\n{rows}"
        if rows
        else "No value: the record is a tombstone."
    )
    return (
        f"### {found.name}\n\n`{found.type}` on `{found.kind.kind}`, key `{found.kind.key}`\n\n"
        f"{found.meaning}{_ending(found)}\n\n{fields}\n\n```json\n{payload}\n```"
    )


def _row(line: FieldLine) -> str:
    present = "always" if line.required else "may be missing"
    meaning = f"**Deprecated.** {line.meaning}" if line.deprecated else line.meaning
    return f"| `{line.name}` | {line.form} | {present} | {meaning} |"


def _ending(found: Described) -> str:
    if found.deprecated is None:
        return ""
    until = f", sent until {found.deprecated.until}" if found.deprecated.until else ""
    return f"\n\n**Deprecated** since {found.deprecated.since}{until}: read `{found.deprecated.instead}`."

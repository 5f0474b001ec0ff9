"""EVENTS.md: the contract in words, for engineers of other agencies who read nothing else."""

import json
from collections.abc import Iterator
from pathlib import Path
from string import Template

from shared.events import asyncapi, catalogue, examples, schemas, topics
from shared.events.contract import Event
from shared.events.masking import COMPOUND_SURNAMES
from shared.events.schemas import Document

_WORDS = Path(__file__).parent / "EVENTS.template.md"


def text() -> str:
    words = Template(_WORDS.read_text(encoding="utf-8"))
    return words.substitute(
        headers="\n".join(_headers()),
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
    declared = event.declared
    document = schemas.document(event)
    example = examples.load(examples.of(declared.type)[0])
    payload = json.dumps(example["payload"], ensure_ascii=False, indent=2)
    rows = "\n".join(_rows(schemas.resolved(document, document), ""))
    fields = (
        f"| field | form | present | meaning |\n|---|---|---|---|\n{rows}"
        if rows
        else "No value: the record is a tombstone."
    )
    return (
        f"### {event.__name__}\n\n`{declared.type}` on `{declared.topic}`, key `{declared.key}`\n\n"
        f"{schemas.description(event)}\n\n{fields}\n\n```json\n{payload}\n```"
    )


def _rows(node: Document, prefix: str) -> Iterator[str]:
    for name, field in node.get("properties", {}).items():
        present = "always" if name in node.get("required", ()) else "may be missing"
        yield f"| `{prefix}{name}` | {_form(field)} | {present} | {field.get('description', '')} |"
        yield from _rows(field, f"{prefix}{name}.")
        yield from _rows(field.get("items", {}), f"{prefix}{name}[].")


def _form(field: Document) -> str:
    if "anyOf" in field:
        return " or ".join(_form(option) for option in field["anyOf"])
    if choices := field.get("enum"):
        return ", ".join(f"`{choice}`" for choice in choices)
    if field.get("type") == "array":
        return f"list of {_form(field['items'])}"
    rules = [f"{rule} {field[rule]}" for rule in ("minimum", "maximum") if rule in field]
    return " ".join([field.get("format") or field.get("type", "value"), *rules])

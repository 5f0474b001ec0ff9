"""The description of an event, gathered once: EVENTS.md, the pages of the catalogue and the xRegistry document are written from it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shared.events import catalogue, examples, release, schemas, topics
from shared.events.contract import Deprecation, Event
from shared.events.schemas import Document
from shared.events.topics import Kind


@dataclass(frozen=True)
class FieldLine:
    """A field of an event or of its parts. `added`: the last release did not have it, although it had the event."""

    name: str
    form: str
    required: bool
    meaning: str
    deprecated: bool = False
    added: bool = False


@dataclass(frozen=True)
class Described:
    """`since`: the release that published it first; empty: the next one will. `others`: the other versions of the same event."""

    name: str
    type: str
    meaning: str
    kind: Kind
    tombstone: bool
    since: str
    deprecated: Deprecation | None
    others: tuple[str, ...]
    fields: tuple[FieldLine, ...]
    examples: tuple[dict[str, Any], ...]
    schema: Document

    @property
    def labels(self) -> dict[str, str]:
        """How it travels, in words that two contracts are compared by."""
        kind = self.kind
        return {"audience": kind.audience, "topic": kind.kind, "key": kind.key, "ordering": kind.ordering}

    @property
    def version(self) -> str:
        return self.type.rpartition(".v")[2]


def every() -> list[Described]:
    """In the order of the catalogue."""
    return [of(event) for event in catalogue.events()]


def of(event: type[Event]) -> Described:
    declared, document = event.declared, schemas.document(event)
    return Described(
        name=event.__name__,
        type=declared.type,
        meaning=schemas.description(event),
        kind=topics.KINDS[declared.topic],
        tombstone=declared.tombstone,
        since=release.first(declared.type),
        deprecated=declared.deprecated,
        others=_others(declared.type),
        fields=tuple(_fields(declared.type, document)),
        examples=tuple(map(examples.load, examples.of(declared.type))),
        schema=document,
    )


def _others(event_type: str) -> tuple[str, ...]:
    """The versions of one event differ in the number at the end of the type alone."""
    stem = event_type.rpartition(".v")[0]
    every_type = (event.declared.type for event in catalogue.events())
    return tuple(other for other in every_type if other != event_type and other.rpartition(".v")[0] == stem)


def _fields(event_type: str, document: Document) -> Iterator[FieldLine]:
    released = release.RELEASED / f"{event_type}.json"
    before = json.loads(released.read_text(encoding="utf-8")) if released.exists() else document
    known = {name for name, _, _ in _walk(schemas.resolved(before, before), "")}
    for name, field, required in _walk(schemas.resolved(document, document), ""):
        yield FieldLine(
            name,
            _form(field),
            required,
            field.get("description", ""),
            deprecated=bool(field.get("deprecated")),
            added=name not in known,
        )


def _walk(node: Document, prefix: str) -> Iterator[tuple[str, Document, bool]]:
    for name, field in node.get("properties", {}).items():
        yield f"{prefix}{name}", field, name in node.get("required", ())
        for option in (field, *field.get("anyOf", ())):
            yield from _walk(option, f"{prefix}{name}.")
            yield from _walk(option.get("items", {}), f"{prefix}{name}[].")


def _form(field: Document) -> str:
    if "anyOf" in field:
        return " or ".join(_form(option) for option in field["anyOf"])
    if choices := field.get("enum"):
        return ", ".join(f"`{choice}`" for choice in choices)
    if field.get("type") == "array":
        return f"list of {_form(field['items'])}"
    rules = [f"{rule} {field[rule]}" for rule in ("minimum", "maximum") if rule in field]
    return " ".join([field.get("format") or field.get("type", "value"), *rules])

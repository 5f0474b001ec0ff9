"""The published form of an event: JSON Schema 2020-12, one document per type.

Invariant: a published schema admits fields it does not know, so that a reader of version 1 accepts what a newer
emitter adds; an emitter is held by its class instead.
"""

from collections.abc import Callable
from typing import Any

from shared.events import envelope
from shared.events.contract import Event

Document = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def document(event: type[Event]) -> Document:
    """The schema of the value. A tombstone has none: its schema is null."""
    declared = event.declared
    head: Document = {"$schema": DIALECT, "$id": envelope.schema_of(declared.type), "title": event.__name__}
    head |= {"deprecated": True} if declared.deprecated else {}
    if declared.tombstone:
        return {**head, "description": description(event), "type": "null"}
    # As a reader validates it: what has a default may be missing, in the event and in its parts.
    body = _opened(event.model_json_schema(mode="validation"))
    return {**head, **body, "description": description(event)}


def description(event: type[Event]) -> str:
    """What the event means, on one line."""
    return " ".join((event.__doc__ or "").split())


def resolved(node: Document, root: Document) -> Document:
    """The schema with its references written out, so that it stands alone and compares by meaning."""
    if "$ref" in node:
        part = resolved(root["$defs"][node["$ref"].rsplit("/", 1)[1]], root)
        return {**part, **{key: value for key, value in node.items() if key != "$ref"}}
    kept = {key: value for key, value in node.items() if key != "$defs"}
    return {key: _deep(value, lambda item: resolved(item, root)) for key, value in kept.items()}


def _opened(node: Document) -> Document:
    kept = {key: value for key, value in node.items() if key != "additionalProperties" or value is not False}
    return {key: _deep(value, _opened) for key, value in kept.items()}


def _deep(value: object, change: Callable[[Document], Document]) -> object:
    if isinstance(value, dict):
        return change(value)
    if isinstance(value, list):
        return [_deep(item, change) for item in value]
    return value

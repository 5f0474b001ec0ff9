"""The published form of an event: JSON Schema 2020-12, one document per type.

Stays true: a published schema admits fields it does not know, so that a reader of version 1 accepts what a newer
emitter adds; an emitter is held by its class instead.
"""

from typing import Any

from shared.events.contract import Event

Document = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def document(event: type[Event]) -> Document:
    """The schema of the value. A tombstone has none: its schema is null."""
    declared = event.declared
    head: Document = {"$schema": DIALECT, "$id": f"urn:clearwater:schema:{declared.type}", "title": event.__name__}
    if declared.tombstone:
        return {**head, "description": description(event), "type": "null"}
    body = _opened(event.model_json_schema(mode="serialization"))
    return {**head, **body, "required": _required(event), "description": description(event)}


def _required(event: type[Event]) -> list[str]:
    return [name for name, field in event.model_fields.items() if field.is_required()]


def description(event: type[Event]) -> str:
    """What the event means, on one line."""
    return " ".join((event.__doc__ or "").split())


def _opened(node: Any) -> Any:
    if isinstance(node, dict):
        return {
            key: _opened(value) for key, value in node.items() if key != "additionalProperties" or value is not False
        }
    if isinstance(node, list):
        return [_opened(each) for each in node]
    return node


def resolved(node: Any, root: Document) -> Any:
    """The schema with its references written out, so that it stands alone and compares by meaning."""
    if isinstance(node, list):
        return [resolved(each, root) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        part = resolved(root["$defs"][node["$ref"].rsplit("/", 1)[1]], root)
        return {**part, **{key: value for key, value in node.items() if key != "$ref"}}
    return {key: resolved(value, root) for key, value in node.items() if key != "$defs"}

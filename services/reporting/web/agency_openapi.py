"""The part of reporting's API that an agency uses, as a document of its own: feed, snapshot, statements, endpoints and deliveries.

Beside what the routes declare it says what a client needs of the feed: the events' schema, the headers of a batch, and the stream. Held to
the real answers by tests/integration/reporting/test_feed.py.
"""

import copy
import re
from collections.abc import Iterator
from typing import Any, Final

from flask import Flask

from shared.events import asyncapi, structured
from shared.service import openapi

Document = dict[str, Any]
_REFERENCE = re.compile(r"#/components/(\w+)/(.+)")
_PUBLIC: Final = frozenset({"statements.read_keys"})  # needs no token, and no statement can be checked without it
_FEED: Final = "exchange.read_feed"
_EVENT: Final = "#/components/schemas/CloudEvent"
_TEXT: Final = {"type": "string"}
_STREAM: Final = """\
Server-sent events, where `Accept` names this form. `message`: one CloudEvent; its id is the cursor after it. `position`: the id moves over
what was left out; the data has `skipped`. `filter`: the data has the name of your types, as Clearwater-Filter. `refused`: the last one; the
data has the code. A comment comes every 15 seconds; the stream ends with the token, after an hour at the latest."""
_LINES: Final = (
    "Lines of JSON: the place with `cursor`, `filter` and `facts`, then the units, at last `count` and `digest`."
)
_SIGNED: Final = "A compact JWS (RFC 7515), ES256; its header has `typ` clearwater-statement+jws, and the `kid` of one of …/statement-keys."
_TEXTS: Final = {"application/x-ndjson": _LINES, "application/jose": _SIGNED}  # JSON Schema does not describe them
_OF_A_BATCH: Final = {
    "Clearwater-Cursor": "The `after` of the next request.",
    "Clearwater-Filter": "Names the types that you get now. Where it changes, take a snapshot with the same `types`.",
    "Clearwater-Skipped": "Such as 7-9: the log numbers behind the last event that you are not given. Absent where there are none.",
}
_BESIDE: Final = " Endpoints are registered and changed at the registry: /api/registry/v1/openapi.json. How to begin: /events/subscribe.md."


def document(app: Flask) -> Document:
    """With the paths that hold at the front door."""
    whole = openapi.document(app)
    paths = {
        path.replace("/api/v1/", f"/api/{app.name}/v1/", 1): for_agencies
        for path, operations in whole["paths"].items()
        if (for_agencies := {verb: _completed(it) for verb, it in operations.items() if _is_theirs(it)})
    }
    schemas = {**whole["components"]["schemas"], "CloudEvent": _cloudevent()}
    used = {operation["operationId"] for operations in paths.values() for operation in operations.values()}
    info = whole["info"] | {"title": "Clearwater, for agencies", "description": whole["info"]["description"] + _BESIDE}
    tags = {tag for operations in paths.values() for operation in operations.values() for tag in operation["tags"]}
    return {
        "openapi": whole["openapi"],
        "info": info,
        "servers": whole["servers"],
        "tags": [tag for tag in whole["tags"] if tag["name"] in tags],
        "paths": paths,
        "components": _needed(whole["components"] | {"schemas": schemas}, paths),
        "x-story": [name for name in whole["x-story"] if name in used],
    }


def _is_theirs(operation: Document) -> bool:
    return "agency" in operation.get("x-roles", ()) or operation["operationId"] in _PUBLIC


def _completed(operation: Document) -> Document:
    made = copy.deepcopy(operation)
    content = next(answer for status, answer in made["responses"].items() if status.startswith("2"))["content"]
    for media, words in _TEXTS.items():
        if media in content:
            content[media]["schema"] = {**_TEXT, "description": words}
    if made["operationId"] == _FEED:
        _complete_feed(made)
    return made


def _complete_feed(operation: Document) -> None:
    answer = operation["responses"]["200"]
    answer["headers"] |= {name: {"schema": _TEXT, "description": words} for name, words in _OF_A_BATCH.items()}
    answer["content"] = {
        structured.BATCH: {"schema": {"type": "array", "items": {"$ref": _EVENT}}},
        "text/event-stream": {"schema": {**_TEXT, "description": _STREAM}},
    }
    words = "Of the stream alone: the id of the last message. It goes before `after`."
    operation["parameters"].append({"name": "Last-Event-ID", "in": "header", "schema": _TEXT, "description": words})


def _cloudevent() -> Document:
    """An event in structured mode. What `data` holds follows from its type: /events/schemas/<type>.json."""
    attributes = {
        "datacontenttype": "application/json",
        **{name.removeprefix("ce_"): words for name, words in asyncapi.headers().items() if name.startswith("ce_")},
        **structured.PLACES,
    }
    absent = {name.removeprefix("ce_") for name in asyncapi.OPTIONAL_HEADERS} | {"skipped"}
    texts = {name: {**_TEXT, "description": words} for name, words in attributes.items()}
    data = {"type": "object", "description": "as /events/schemas/<type>.json says; absent in a tombstone"}
    return {
        "type": "object",
        "description": "A CloudEvent 1.0. Ignore attributes that you do not know.",
        "required": [name for name in attributes if name not in absent],
        "properties": {**texts, "data": data},
    }


def _needed(components: Document, paths: Document) -> Document:
    """What the paths refer to, and what that refers to; and who may ask."""
    found: Document = {"securitySchemes": components["securitySchemes"]}
    waiting = list(_references(paths))
    while waiting:
        kind, name = waiting.pop()
        if name not in found.setdefault(kind, {}):
            found[kind][name] = components[kind][name]
            waiting += _references(components[kind][name])
    return found


def _references(node: object) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str) and (match := _REFERENCE.fullmatch(node["$ref"])):
            yield match[1], match[2]
        for value in node.values():
            yield from _references(value)
    if isinstance(node, list):
        for value in node:
            yield from _references(value)

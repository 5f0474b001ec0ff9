"""The part of reporting's API that an agency uses, as a document of its own: feed, snapshot, endpoints and deliveries."""

import re
from collections.abc import Iterator
from typing import Any

from flask import Flask

from shared.service import openapi

Document = dict[str, Any]
_REFERENCE = re.compile(r"#/components/(\w+)/(.+)")


def document(app: Flask) -> Document:
    """With the paths that hold at the front door."""
    whole = openapi.document(app)
    paths = {
        path.replace("/api/v1/", f"/api/{app.name}/v1/", 1): for_agencies
        for path, operations in whole["paths"].items()
        if (
            for_agencies := {
                verb: operation for verb, operation in operations.items() if "agency" in operation.get("x-roles", ())
            }
        )
    }
    used = {operation["operationId"] for operations in paths.values() for operation in operations.values()}
    info = whole["info"] | {"title": "Clearwater, for agencies"}
    tags = {tag for operations in paths.values() for operation in operations.values() for tag in operation["tags"]}
    return {
        "openapi": whole["openapi"],
        "info": info,
        "servers": whole["servers"],
        "tags": [tag for tag in whole["tags"] if tag["name"] in tags],
        "paths": paths,
        "components": _needed(whole["components"], paths),
        "x-story": [name for name in whole["x-story"] if name in used],
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

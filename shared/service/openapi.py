"""OpenAPI 3.1 from what the routes declare (http.route), and a page of it that a person can read without any script."""

import inspect
import re
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Flask, Response, current_app, jsonify, render_template
from pydantic import TypeAdapter

from shared.service import problems
from shared.service.http import Declared
from shared.service.running import running

openapi = Blueprint("openapi", __name__, url_prefix="/api/v1", template_folder="templates")
_JSON = "application/json"
_REFERENCE = "#/components/schemas/{model}"
_PARAMETER = re.compile(r"<(?:(\w+)(?:\([^)]*\))?:)?(\w+)>")
_FORMATS: dict[str, dict[str, str]] = {"uuid": {"type": "string", "format": "uuid"}, "int": {"type": "integer"}}
_ALWAYS = ("token-missing", "token-invalid", "role-missing", "too-many-requests", "internal-error")
_PROBLEM_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "code", "next", "correlation_id"],
    "properties": {
        **{name: {"type": "string"} for name in ("type", "title", "code", "next", "correlation_id")},
        "status": {"type": "integer"},
        "facts": {"type": "object"},
        "errors": {"type": "array", "items": {"type": "object", "additionalProperties": {"type": "string"}}},
    },
}


def declared(app: Flask) -> Iterator[tuple[str, str, Declared, str]]:
    """Path template, endpoint, declaration and description of every route of the API, by path."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda each: each.rule):
        view = app.view_functions[rule.endpoint]
        if isinstance(found := getattr(view, "declared", None), Declared):
            yield rule.rule, rule.endpoint, found, inspect.getdoc(view) or ""


def check(app: Flask) -> None:
    """LookupError when a route declares a problem code that no catalogue has."""
    catalogue = app.extensions["clearwater"].problems
    catalogue.check([code for _, _, each, _ in declared(app) for code in each.problems])


def document(app: Flask) -> dict[str, Any]:
    schemas: dict[str, Any] = {"Problem": _PROBLEM_SCHEMA}
    paths: dict[str, Any] = {}
    for rule, endpoint, each, description in declared(app):
        path = _PARAMETER.sub(r"{\2}", rule)
        paths.setdefault(path, {})[each.method.lower()] = _operation(rule, endpoint, each, description, schemas)
    name = app.extensions["clearwater"].name
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Clearwater {name}", "version": "1"},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


@openapi.get("/openapi.json")
def as_json() -> Response:
    return jsonify(document(current_app))


@openapi.get("/docs")
def as_page() -> str:
    described = document(current_app)
    told = {
        code: (problem.status, *problem.told(problems.language()))
        for code, problem in sorted(running().problems.problems.items())
    }
    return render_template("docs.html", api=described, told=told, language=problems.language())


def _operation(rule: str, endpoint: str, each: Declared, description: str, schemas: dict[str, Any]) -> dict[str, Any]:
    summary, _, rest = description.partition("\n")
    codes = (*each.problems, *(_ALWAYS if each.roles else ()), *(("body-invalid",) if each.body or each.query else ()))
    if each.changes:
        codes = (*codes, "idempotency-key-missing", "idempotency-key-reused")
    operation: dict[str, Any] = {
        "operationId": endpoint,
        "summary": summary,
        "description": (rest.strip() + f"\n\nRoles: {', '.join(each.roles) or 'everybody'}").strip(),
        "parameters": [*_path_parameters(rule), *_query_parameters(each, schemas), *_headers(each)],
        "responses": {str(each.status): _success(each, schemas), **_refusals(codes)},
    }
    if content := _content(each, schemas):
        operation["requestBody"] = {"required": True, "content": content}
    if each.roles:
        operation["security"] = [{"bearer": []}]
    return operation


def _content(each: Declared, schemas: dict[str, Any]) -> dict[str, Any]:
    if each.body:
        return {_JSON: {"schema": _schema(each.body, schemas)}}
    if each.files:  # 3.1 describes a part's bytes by the absence of a type
        parts = {"type": "object", "required": list(each.files), "properties": {name: {} for name in each.files}}
        return {"multipart/form-data": {"schema": parts}}
    return {}


def _path_parameters(rule: str) -> Iterator[dict[str, Any]]:
    for kind, name in _PARAMETER.findall(rule):
        yield {"name": name, "in": "path", "required": True, "schema": _FORMATS.get(kind, {"type": "string"})}


def _query_parameters(each: Declared, schemas: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if each.query is None:
        return
    _schema(each.query, schemas)
    described = schemas.pop(each.query.__name__)
    for name, schema in described.get("properties", {}).items():
        yield {"name": name, "in": "query", "required": name in described.get("required", ()), "schema": schema}


def _headers(each: Declared) -> Iterator[dict[str, Any]]:
    if each.changes:
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "required": True,
            "schema": {"type": "string", "maxLength": 200},
        }
    if each.roles and each.method != "GET":
        district = {"type": "string", "description": "Needed by subjects with several districts."}
        yield {"name": "Clearwater-District", "in": "header", "required": False, "schema": district}


def _success(each: Declared, schemas: dict[str, Any]) -> dict[str, Any]:
    if each.answers is None:  # 3.1 describes a file's bytes by the absence of a type
        return {"description": "Done."} | ({} if each.media == _JSON else {"content": {each.media: {"schema": {}}}})
    return {"description": "Done.", "content": {_JSON: {"schema": _schema(each.answers, schemas)}}}


def _refusals(codes: tuple[str, ...]) -> dict[str, Any]:
    catalogue = current_app.extensions["clearwater"].problems.problems
    by_status: dict[str, list[str]] = {}
    for code in dict.fromkeys(codes):
        by_status.setdefault(str(catalogue[code].status), []).append(f"`{code}` {catalogue[code].en}")
    content = {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": "; ".join(told), "content": content} for status, told in sorted(by_status.items())}


def _schema(model: Any, schemas: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - whatever pydantic describes
    described = TypeAdapter(model).json_schema(ref_template=_REFERENCE)
    schemas.update(described.pop("$defs", {}))
    name = re.sub(r"\W+", "_", described.get("title", model.__name__)).strip("_")
    if described.get("$ref"):
        return {"$ref": described["$ref"]}
    schemas[name] = described
    return {"$ref": _REFERENCE.format(model=name)}

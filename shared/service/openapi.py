"""OpenAPI 3.1 from what the routes declare (http.route), and a page of it that a person can read without any script.

Invariant: every operation lists all codes it may refuse with, and has an example that can be carried out in the order
of `x-story`. Left to others: values of examples (examples.py), the words of refusals (problems.py).
"""

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from flask import Blueprint, Flask, Response, current_app, render_template
from pydantic import TypeAdapter

from shared.service import front, session
from shared.service.context import context
from shared.service.declared import Declared
from shared.service.examples import Examples, Vocabulary
from shared.service.refusals import Refusals
from shared.web.shell import add_texts, language

_HERE = Path(__file__).parent
openapi = Blueprint(
    "openapi",
    __name__,
    url_prefix="/api/v1",
    template_folder="templates",
    static_folder="static",
    static_url_path="/docs/static",
)
add_texts(openapi, _HERE / "docs.toml")
Mode = Literal["validation", "serialization"]
_CATALOGUE_LANGUAGES = {"zh-Hans": "zh", "zh-Hant": "zh-Hant", "en": "en"}
_JSON = "application/json"
_REFERENCE = "#/components/schemas/{model}"
_PARAMETER = re.compile(r"<(?:(\w+)(?:\([^)]*\))?:)?(\w+)>")
_FORMATS: dict[str, dict[str, str]] = {"uuid": {"type": "string", "format": "uuid"}, "int": {"type": "integer"}}
_TEXT, _DISTRICT = {"type": "string"}, {"type": "string", "pattern": "^[0-9]{6}$"}
_TOO_LONG = {"431": {"description": "Address and headers are longer than 32 KiB."}}  # the server answers it itself
_ABOUT = "Every refusal is a problem document with a code; nothing was changed by it. A POST or PATCH sent again gets the same answer."


@dataclass(frozen=True)
class Route:
    endpoint: str
    path: str
    declared: Declared
    description: str
    parameters: tuple[tuple[str, str], ...]


def routes(app: Flask) -> Iterator[Route]:
    """Every route of the API, by path."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        view = app.view_functions[rule.endpoint]
        if isinstance(found := getattr(view, "declared", None), Declared):
            path, parameters = _PARAMETER.sub(r"{\2}", rule.rule), tuple(_PARAMETER.findall(rule.rule))
            yield Route(rule.endpoint, path, found, inspect.getdoc(view) or "", parameters)


def check(app: Flask) -> None:
    """LookupError when a route declares a problem code that no catalogue has."""
    catalogue = app.extensions["clearwater"].problems
    catalogue.check([code for route in routes(app) for code in route.declared.codes])


def document(app: Flask) -> dict[str, Any]:
    """The document, made once: routes do not change after the start."""
    if "openapi" not in app.extensions:
        app.extensions["openapi"] = Description(app).document()
    return cast("dict[str, Any]", app.extensions["openapi"])


@openapi.get("/openapi.json")
def as_json() -> Response:
    """As UTF-8: readers of YAML take no escaped half of a character, and many tools read JSON as YAML."""
    return Response(current_app.json.dumps(_at_public_paths(), ensure_ascii=False), mimetype="application/json")


@openapi.get("/docs")
def as_page() -> str:
    reader = language()
    problems = {
        code: (problem.status, *problem.in_language(_CATALOGUE_LANGUAGES[reader]), problem.facts)
        for code, problem in sorted(context().problems.problems.items())
    }
    return render_template("docs.html", api=_at_public_paths(), problems=problems)


def _at_public_paths() -> dict[str, Any]:
    """The document with the paths that the reader uses: behind the front door they contain the service's name."""
    found, mine, public = document(current_app), openapi.url_prefix or "", front.api_prefix()
    paths = {public + path.removeprefix(mine): operations for path, operations in found["paths"].items()}
    return found | {"paths": paths}


class Description:
    """One walk over the routes. `missing`: fields that no example has a value for."""

    def __init__(self, app: Flask) -> None:
        self._service = app.extensions["clearwater"]
        self._routes = list(routes(app))
        self._schemas: dict[str, Any] = {}
        self._models = self._all_models()
        vocabulary: Vocabulary = self._service.vocabulary
        self._examples = Examples(vocabulary, self._schemas)
        self._refusals = Refusals(self._service.problems, self._examples)
        self._story = [name for name in vocabulary.story if name in {route.endpoint for route in self._routes}]
        self.missing = self._examples.missing

    def document(self) -> dict[str, Any]:
        paths: dict[str, Any] = {}
        codes = sorted({code for route in self._routes for code in route.declared.codes})
        self._schemas.update(self._refusals.schemas(codes))
        for route in self._routes:
            paths.setdefault(route.path, {})[route.declared.method.lower()] = self._operation(route)
        cookie = {"type": "apiKey", "in": "cookie", "name": session.cookie_name(self._service.settings.public_url)}
        return {
            "openapi": "3.1.0",
            "info": {
                "title": f"Clearwater {self._service.name}",
                "version": "1",
                "description": _ABOUT,
                "contact": {"name": "The operator on duty"},
            },
            "servers": [{"url": "/"}],
            "tags": [{"name": tag} for tag in dict.fromkeys(map(_tag, self._routes))],
            "paths": paths,
            "components": {
                "schemas": self._schemas,
                "examples": self._refusals.examples(codes),
                "securitySchemes": {
                    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                    "cookie": cookie | {"description": "A browser's, set by /login. Writes need our own Origin."},
                },
            },
            "x-story": self._story,
        }

    def _operation(self, route: Route) -> dict[str, Any]:
        summary, _, rest = route.description.partition("\n")
        declared = route.declared
        operation: dict[str, Any] = {
            "operationId": route.endpoint,
            "tags": [_tag(route)],
            "summary": summary or route.endpoint.rpartition(".")[2].replace("_", " ").capitalize() + ".",
            "description": (rest.strip() + f"\n\nRoles: {', '.join(declared.roles) or 'everybody'}").strip(),
            "parameters": [*self._of_path(route), *self._of_query(declared), *_headers(declared)],
            "responses": {str(declared.status): self._success(route), **self._refusals.of(declared), **_TOO_LONG},
        }
        if content := self._content(declared):
            operation["requestBody"] = {"required": True, "content": content}
        if declared.roles:  # any one of them is enough; in `security` itself linters take them for OAuth's scopes
            operation |= {"security": [{"bearer": []}, {"cookie": []}], "x-roles": list(declared.roles)}
        return operation

    def _content(self, declared: Declared) -> dict[str, Any]:
        if declared.body:
            schema = self._models[declared.body, "validation"]
            return {_JSON: {"schema": schema, "example": self._examples.body(schema)}}
        if declared.files:  # 3.1 describes a part's bytes by the absence of a type
            parts: dict[str, Any] = {name: {} for name in declared.files}
            schema = {"type": "object", "required": list(declared.files), "properties": parts}
            encoding = {name: {"contentType": "application/octet-stream"} for name in declared.files}
            return {"multipart/form-data": {"schema": schema, "encoding": encoding}}
        return {}

    def _of_path(self, route: Route) -> Iterator[dict[str, Any]]:
        for kind, name in route.parameters:
            schema = _FORMATS.get(kind, _TEXT)
            example = self._examples.parameter(schema, name)
            yield {"name": name, "in": "path", "required": True, "schema": schema, "example": example}

    def _of_query(self, declared: Declared) -> Iterator[dict[str, Any]]:
        if declared.query is None:
            return
        described = TypeAdapter(declared.query).json_schema(ref_template=_REFERENCE)
        self._schemas.update(described.pop("$defs", {}))
        model, required = declared.query.__name__, described.get("required", ())
        for name, schema in described.get("properties", {}).items():
            found = {"name": name, "in": "query", "required": name in required, "schema": schema}
            if name in required or self._examples.names(model, name):
                found["example"] = self._examples.parameter(schema, name, model=model)
            yield found

    def _success(self, route: Route) -> dict[str, Any]:
        declared, done = route.declared, {"description": "Done.", "headers": _answer_headers(route.declared)}
        if declared.answers is None:  # 3.1 describes a file's bytes by the absence of a type
            return done | ({} if declared.media == _JSON else {"content": {declared.media: {"schema": {}}}})
        schema = self._models[declared.answers, "serialization"]
        example = self._examples.answer(schema)
        links = {"links": found} if (found := self._links(route, example)) else {}
        return done | {"content": {_JSON: {"schema": schema, "example": example}}} | links

    def _links(self, route: Route, example: dict[str, Any]) -> dict[str, Any]:
        """Links to every operation whose path parameters are all in the answer."""
        listed = example.get("items")
        source, place = (listed[0], "/items/0") if listed else (example, "")
        return {
            other.endpoint: {
                "operationId": other.endpoint,
                "parameters": {name: f"$response.body#{place}/{name}" for _, name in other.parameters},
            }
            for other in self._routes
            if other.parameters and other is not route and all(name in source for _, name in other.parameters)
        }

    def _all_models(self) -> dict[tuple[Any, Mode], dict[str, Any]]:
        """The schema of each body and answer. Nested models go to the components."""
        models: dict[tuple[Any, Mode], TypeAdapter[Any]] = {}
        for route in self._routes:
            if route.declared.body:
                models[route.declared.body, "validation"] = TypeAdapter(route.declared.body)
            if route.declared.answers:
                models[route.declared.answers, "serialization"] = TypeAdapter(route.declared.answers)
        inputs = [(model, mode, adapter) for (model, mode), adapter in models.items()]
        found, definitions = TypeAdapter.json_schemas(inputs, ref_template=_REFERENCE)
        self._schemas.update(definitions.get("$defs", {}))
        return found


def _tag(route: Route) -> str:
    return route.endpoint.partition(".")[0]


def _headers(declared: Declared) -> Iterator[dict[str, Any]]:
    if declared.changes:
        key = {"type": "string", "minLength": 1, "maxLength": 200}
        about = "One per action; again with the same key, body and If-Match: the same answer."
        yield _header("Idempotency-Key", key, about, needed=True)
    if declared.edits is not None:
        yield _header("If-Match", _TEXT, "The ETag of what was read; 412 after a change.", needed=declared.edits)
    if declared.writes:
        yield _header("Clearwater-District", _DISTRICT, "Needed by subjects with several districts.")


def _header(name: str, schema: dict[str, Any], description: str, *, needed: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": needed, "description": description, "schema": schema}


def _answer_headers(declared: Declared) -> dict[str, Any]:
    found = {"Correlation-Id": {"schema": _TEXT, "description": "Number of this request, for the operator on duty."}}
    if declared.versioned:
        found["ETag"] = {"schema": _TEXT, "description": "Version of what is answered, for If-Match."}
    if declared.changes:
        found["Replayed"] = {"schema": {"const": "true"}, "description": "Only on the repeated answer of a used key."}
    return found

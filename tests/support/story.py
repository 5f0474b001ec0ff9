"""Carries out the examples of a published API description, in its order and with nothing else.

An id in an example stands for the one that an earlier answer gave in its place; If-Match is the ETag of the answer
before. The bytes of an upload are the one thing a description cannot hold: the test gives them.
"""

import io
import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

import jsonschema
from flask import Flask
from werkzeug.test import TestResponse

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_FORMATS = jsonschema.FormatChecker()


class Story:
    """`bearer(role)` returns a token; `world[operation]` is called before each run of that operation. `standing_for`: what a value of the
    examples is in the test's world.
    """

    def __init__(
        self,
        app: Flask,
        bearer: Callable[[str], str],
        *,
        world: Mapping[str, Callable[[], object]] | None = None,
        files: Mapping[str, bytes] | None = None,
        standing_for: Mapping[str, str] | None = None,
    ) -> None:
        self.app, self._client = app, app.test_client()
        self.bearer, self._world, self._files = bearer, world or {}, {} if files is None else files
        self.document: dict[str, Any] = self._client.get("/api/v1/openapi.json").json
        self.operations = {
            operation["operationId"]: (method, path, operation)
            for path, methods in self.document["paths"].items()
            for method, operation in methods.items()
        }
        self._standing_for: dict[str, Any] = dict(standing_for or {})
        self._etag = ""

    def run(self) -> set[str]:
        """Carries out every operation of the story in order. Returns their names."""
        for name in self.document["x-story"]:
            self._world.get(name, lambda: None)()
            self._carry_out(name)
        return set(self.document["x-story"])

    def unused_operations(self) -> set[str]:
        return self.operations.keys() - set(self.document["x-story"])

    def _carry_out(self, name: str) -> None:
        method, path, operation = self.operations[name]
        answer = self._send(method, path, operation)
        [status] = [status for status in operation["responses"] if status.startswith("2")]
        assert str(answer.status_code) == status, f"{name}: {answer.status_code} {answer.get_data(as_text=True)[:600]}"
        documented = operation["responses"][status]
        assert ("ETag" in answer.headers) <= ("ETag" in documented["headers"]), f"{name} answers an ETag"
        self._etag = answer.headers.get("ETag", self._etag)
        for media, content in documented.get("content", {}).items():
            assert answer.mimetype == media, name
            if "example" in content:
                self._compare(name, content, answer.json, learn_anew=method != "get")
        answer.close()

    def _send(self, method: str, path: str, operation: dict[str, Any]) -> TestResponse:
        sent = self.request(method, path, operation)
        if "files" in sent:
            sent["data"] = {name: (io.BytesIO(self._files[name]), name) for name in sent.pop("files")}
        return self._client.open(**sent)

    def request(self, method: str, path: str, operation: dict[str, Any]) -> dict[str, Any]:
        """The request for an operation, with the real ids; `files` are the parts of an upload, by name."""
        headers = {"Accept-Language": "en"}
        if "security" in operation:
            headers["Authorization"] = f"Bearer {self.bearer(operation['x-roles'][0])}"
        query: dict[str, Any] = {}
        for item in operation["parameters"]:
            if item["in"] == "path":
                path = path.replace(f"{{{item['name']}}}", str(self._real(item["example"])))
            elif item["in"] == "query" and "example" in item:
                query[item["name"]] = self._real(item["example"])
            elif item["name"] == "Idempotency-Key":
                headers["Idempotency-Key"] = str(uuid4())
            elif item["name"] == "If-Match" and item["required"]:
                headers["If-Match"] = self._etag
        sent: dict[str, Any] = {}
        for media, content in operation.get("requestBody", {}).get("content", {}).items():
            if media == "application/json":
                jsonschema.validate(content["example"], self._whole(content["schema"]), jsonschema.Draft202012Validator)
                sent["json"] = self._real(content["example"])
            else:
                sent["files"] = content["schema"]["required"]
        return {"path": path, "method": method.upper(), "headers": headers, "query_string": query, **sent}

    def _compare(self, name: str, content: dict[str, Any], answer: Any, *, learn_anew: bool) -> None:
        for instance in (content["example"], answer):
            jsonschema.validate(
                instance, self._whole(content["schema"]), jsonschema.Draft202012Validator, format_checker=_FORMATS
            )
        self._walk(name, content["example"], answer, learn_anew=learn_anew)

    def _whole(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {**schema, "components": self.document["components"]}

    def _walk(self, place: str, example: Any, answer: Any, *, learn_anew: bool) -> None:
        """Asserts the same field names at every level. Null and an empty list have no shape to compare."""
        if answer is None or example is None:
            return
        if isinstance(example, dict) and example:
            assert isinstance(answer, dict) and example.keys() == answer.keys(), f"{place}: {json.dumps(answer)}"
            for field, value in example.items():
                self._walk(f"{place}.{field}", value, answer[field], learn_anew=learn_anew)
        elif isinstance(example, list) and example and answer:
            self._walk(f"{place}[0]", example[0], answer[0], learn_anew=learn_anew)
        elif isinstance(example, str) and (_UUID.fullmatch(example) or example in self._named()):
            self._standing_for[example] = answer if learn_anew else self._standing_for.get(example, answer)

    def _named(self) -> set[Any]:
        """The example values of all path parameters."""
        return {
            parameter["example"]
            for _, _, operation in self.operations.values()
            for parameter in operation["parameters"]
            if parameter["in"] == "path"
        }

    def _real(self, example: Any) -> Any:
        if isinstance(example, dict):
            return {name: self._real(item) for name, item in example.items()}
        if isinstance(example, list):
            return [self._real(item) for item in example]
        return self._standing_for.get(example, example)

"""How OpenAPI tells what a route may refuse: per status the codes, per code the facts and an example with what to do next."""

from collections.abc import Iterable, Mapping
from typing import Any

from shared.service.declared import Declared
from shared.service.examples import Examples
from shared.service.problems import MEDIA_TYPE, Catalogue, Kind

_TEXT = {"type": "string"}
_FACTS: Mapping[Kind, dict[str, Any]] = {
    "string": _TEXT,
    "integer": {"type": "integer"},
    "uuid": {"type": "string", "format": "uuid"},
    "date-time": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
    "string[]": {"type": "array", "items": _TEXT},
    "integer{}": {"type": "object", "additionalProperties": {"type": "integer"}},
    "object{}": {"type": "object", "additionalProperties": {"type": "object"}},
    "fault[]": {"type": "array", "items": {"$ref": "#/components/schemas/FieldFault"}},
}
_RETRY_AFTER = {"schema": {"type": "integer"}, "description": "Seconds; absent where nobody knows them."}
_FIELD_FAULT = {
    "type": "object",
    "description": "A field of the register that was not put right, and the code of the check that it fails.",
    "required": ["field", "code"],
    "properties": dict.fromkeys(("field", "code"), _TEXT),
}
_FAULT = {
    "type": "object",
    "description": "One thing that is wrong with the request. `pointer` is its place, RFC 6901; `message` follows Accept-Language.",
    "required": ["field", "pointer", "code", "message"],
    "properties": dict.fromkeys(("field", "pointer", "code", "message"), _TEXT),
}
_PROBLEM = {
    "type": "object",
    "description": "RFC 9457. `code` is stable. `title` and `next`, what to do now, follow Accept-Language: zh, zh-Hant, en.",
    "required": ["type", "title", "status", "code", "next", "correlation_id", "trace_id"],
    "properties": {
        **dict.fromkeys(("type", "title", "code", "next", "correlation_id", "trace_id"), _TEXT),
        "status": {"type": "integer"},
        "facts": {"type": "object"},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/Fault"}},
    },
}


class Refusals:
    def __init__(self, catalogue: Catalogue, examples: Examples) -> None:
        self._problems, self._examples = catalogue.problems, examples

    def of(self, declared: Declared) -> dict[str, Any]:
        by_status: dict[str, list[str]] = {}
        for code in declared.codes:
            by_status.setdefault(str(self._problems[code].status), []).append(code)
        return {status: self._answer(codes) for status, codes in sorted(by_status.items())}

    def schemas(self, codes: Iterable[str]) -> dict[str, Any]:
        shapes: dict[str, Any] = {"Problem": _PROBLEM, "Fault": _FAULT}
        for code in codes:
            problem = self._problems[code]
            if "fault[]" in problem.facts.values():
                shapes["FieldFault"] = _FIELD_FAULT
            if problem.facts:
                facts = {name: _FACTS[kind] for name, kind in problem.facts.items()}
                shapes[_facts(code)] = {"type": "object", "properties": facts, "additionalProperties": False}
            shapes[_name(code)] = self._schema(code)
        return shapes

    def examples(self, codes: Iterable[str]) -> dict[str, Any]:
        return {code: self._example(code) for code in codes}

    def _answer(self, codes: list[str]) -> dict[str, Any]:
        schema = {
            "type": "object",
            "properties": {"code": {"enum": codes}},
            "oneOf": [{"$ref": f"#/components/schemas/{_name(code)}"} for code in codes],
        }
        examples = {code: {"$ref": f"#/components/examples/{code}"} for code in codes}
        waits = any("retry_after_seconds" in self._problems[code].facts for code in codes)
        return {
            **({"headers": {"Retry-After": _RETRY_AFTER}} if waits else {}),
            "description": "; ".join(f"`{code}` {self._problems[code].en}" for code in codes),
            "content": {MEDIA_TYPE: {"schema": schema, "examples": examples}},
        }

    def _schema(self, code: str) -> dict[str, Any]:
        problem = self._problems[code]
        typed = {"facts": {"$ref": f"#/components/schemas/{_facts(code)}"}} if problem.facts else {}
        return {
            "allOf": [{"$ref": "#/components/schemas/Problem"}],
            "properties": {"code": {"const": code}, "status": {"const": problem.status}, **typed},
        }

    def _example(self, code: str) -> dict[str, Any]:
        problem = self._problems[code]
        title, advice = problem.in_language("zh")
        value: dict[str, Any] = {
            "type": f"urn:clearwater:problem:{code}",
            "title": title,
            "status": problem.status,
            "code": code,
            "next": advice,
            "correlation_id": "4bf92f3577b34da6a3ce929d0e0e4736",
            "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        }
        facts = problem.facts.items()
        if examples := {name: self._examples.parameter(_FACTS[kind], name, model=code) for name, kind in facts}:
            value["facts"] = examples
        return {"summary": problem.in_language("en")[1], "value": value}


def _facts(code: str) -> str:
    return f"facts-{code}"


def _name(code: str) -> str:
    return f"problem-{code}"

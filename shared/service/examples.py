"""Examples of what a service takes and answers, made from its schemas and one vocabulary: services/<service>/examples.toml.

    story = ["projects.add_project", …]      operations in an order in which the examples can be carried out
    [ids]                                    fields that hold an id which elsewhere has another name
    right_holder = "person_id"
    [values]                                 by field name, or by Model.field where one name means several things
    name = "澄水湾片区"

What follows from a schema needs no entry: a constant, the first of an enumeration, a default, an instant, an id. Stays
true: one id stands for one thing in all examples, so whoever follows the story can put the real one in its place. What
has no value is collected in `missing`; a test fails on it, the description shows an ellipsis.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

Schema = Mapping[str, Any]
_ELLIPSIS = "…"
_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str, "integer": int, "number": (int, float), "array": list, "object": dict, "boolean": bool,
}  # fmt: skip
_OF_FORMATS = {"date-time": "2026-11-28T09:00:00+08:00", "date": "2026-11-28"}


class Vocabulary:
    """A service without a file has an empty one."""

    def __init__(self, file: Path) -> None:
        found = tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        self.story: tuple[str, ...] = tuple(found.get("story", ()))
        self.ids: dict[str, str] = found.get("ids", {})
        self.values: dict[str, Any] = found.get("values", {})

    def id_of(self, model: str, name: str) -> str:
        name = name.removesuffix("s") if name.endswith("_ids") else name
        meant = self.ids.get(f"{model}.{name}", self.ids.get(name, name))
        return str(uuid5(NAMESPACE_URL, f"urn:clearwater:example:{meant}"))


class Examples:
    def __init__(self, vocabulary: Vocabulary, schemas: Mapping[str, Any]) -> None:
        self._vocabulary, self._schemas = vocabulary, schemas
        self.missing: set[str] = set()

    def body(self, schema: Schema) -> Any:  # noqa: ANN401 - JSON
        """An example of a request body: the required fields, and those that the vocabulary has for this model."""
        return self._value(schema, "", "", of_request=True)

    def answer(self, schema: Schema) -> Any:  # noqa: ANN401 - JSON
        """An example of an answer, with every field."""
        return self._value(schema, "", "", of_request=False)

    def parameter(self, schema: Schema, name: str, *, model: str = "") -> Any:  # noqa: ANN401 - JSON
        return self._value(schema, model, name, of_request=True)

    def names(self, model: str, name: str) -> bool:
        return f"{model}.{name}" in self._vocabulary.values

    def _value(self, schema: Schema, model: str, name: str, *, of_request: bool) -> Any:  # noqa: ANN401 - JSON
        for known in self._known(schema, model, name):
            return known
        if target := schema.get("$ref"):
            found = target.rsplit("/", 1)[-1]
            model = found.removesuffix("-Input").removesuffix("-Output")
            return self._value(self._schemas[found], model, name, of_request=of_request)
        if several := schema.get("anyOf"):
            fitting = [option for option in several if option.get("type") != "null"]
            # Of number and string for an amount: the string.
            return self._value(fitting[-1], model, name, of_request=of_request)
        if "properties" in schema:
            return self._object(schema, model, of_request=of_request)
        if schema.get("type") == "array":
            return self._array(schema, model, name, of_request=of_request)
        return self._leaf(schema, model, name)

    def _known(self, schema: Schema, model: str, name: str) -> Iterator[Any]:
        values = self._vocabulary.values
        found = [values[key] for key in (f"{model}.{name}", name) if key in values]
        yield from (example for example in (*found, *schema.get("examples", ())) if self._fits(example, schema))

    def _object(self, schema: Schema, model: str, *, of_request: bool) -> dict[str, Any]:
        required = schema.get("required", ())
        return {
            name: self._value(part, model, name, of_request=of_request)
            for name, part in schema["properties"].items()
            if not of_request or name in required or self.names(model, name)
        }

    def _array(self, schema: Schema, model: str, name: str, *, of_request: bool) -> list[Any]:
        if "prefixItems" in schema:
            return [self._value(part, model, name, of_request=of_request) for part in schema["prefixItems"]]
        return [self._value(schema.get("items", {}), model, name, of_request=of_request)]

    def _leaf(self, schema: Schema, model: str, name: str) -> Any:  # noqa: ANN401, PLR0911 - JSON; a line for each kind
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][0]
        if schema.get("format") == "uuid":
            return self._vocabulary.id_of(model, name)
        if made := _OF_FORMATS.get(schema.get("format", "")):
            return made
        if schema.get("default") is not None:
            return schema["default"]
        match schema.get("type"):
            case "integer" | "number":
                return max(1, int(schema.get("minimum", 1)))
            case "boolean":
                return False
            case "object":
                return {}
        self.missing.add(f"{model}.{name}" if model else name)
        return _ELLIPSIS

    def _fits(self, value: object, schema: Schema) -> bool:
        if target := schema.get("$ref"):
            return self._fits(value, self._schemas[target.rsplit("/", 1)[-1]])
        if several := schema.get("anyOf"):
            return any(self._fits(value, option) for option in several)
        if isinstance(value, list):
            return schema.get("type") == "array" and all(self._fits(item, schema.get("items", {})) for item in value)
        return _leaf_fits(value, schema)


def _leaf_fits(value: object, schema: Schema) -> bool:
    if "enum" in schema or "const" in schema:
        return value in schema.get("enum", (schema.get("const"),))
    if value is None:
        return schema.get("type") == "null"
    wanted = _TYPES.get(schema.get("type", ""), object)
    if schema.get("type") == "null" or isinstance(value, bool) != (wanted is bool) or not isinstance(value, wanted):
        return False
    return schema.get("format") != "uuid" and bool(re.search(schema.get("pattern", ""), str(value)))

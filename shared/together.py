"""Fields of a body that need or exclude each other: each rule as a check, whose fault stands at its field, and as a part of the schema.

    exactly_one("person_id", "person")   at_most_one("guardian_id", "guardian")   needs("floor", "top_floor")

Invariant: the check and the schema say the same; null is a field that is left out. The second field is declared after the first, since
a check sees only the fields before its own.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationInfo, create_model, field_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

M = TypeVar("M", bound=BaseModel)
Check = Callable[[bool, bool], str | None]


@dataclass(frozen=True)
class Rule:
    """`check` gets which of the two are given, and returns the code of the fault at `second`."""

    first: str
    second: str
    check: Check
    schema: JsonDict


def exactly_one(first: str, second: str) -> Rule:
    codes = {(True, True): "excludes-another", (False, False): "missing"}
    return Rule(first, second, lambda *both: codes.get(both), {"oneOf": [given(first), given(second)]})


def at_most_one(first: str, second: str) -> Rule:
    schema: JsonDict = {"not": {"allOf": [given(first), given(second)]}}
    return Rule(first, second, lambda *both: "excludes-another" if all(both) else None, schema)


def needs(first: str, second: str) -> Rule:
    """`second` only together with `first`."""
    schema: JsonDict = {"if": given(second), "then": given(first)}
    return Rule(first, second, lambda *both: "needs-another" if both == (False, True) else None, schema)


def held(*rules: Rule) -> Callable[[type[M]], type[M]]:
    """Decorates a body: it keeps these rules."""

    def add(model: type[M]) -> type[M]:
        return create_model(
            model.__name__,
            __base__=_with_schema(model, rules),
            __doc__=model.__doc__,
            __module__=model.__module__,
            __validators__={f"_{rule.first}_{rule.second}": _checked(rule) for rule in rules},
        )

    return add


def _with_schema(model: type[M], rules: Iterable[Rule]) -> type[M]:
    class Base(model):  # type: ignore[misc, valid-type]  # a class that is known at run time
        model_config = ConfigDict(json_schema_extra={"allOf": [rule.schema for rule in rules]}, validate_default=True)

    return Base


def _checked(rule: Rule) -> Any:  # noqa: ANN401 - pydantic's own kind of validator
    def check(value: object, info: ValidationInfo) -> object:
        if rule.first in info.data and (code := rule.check(info.data[rule.first] is not None, value is not None)):
            raise PydanticCustomError(code, "{first}", {"first": rule.first})
        return value

    return field_validator(rule.second)(check)


def given(name: str) -> JsonDict:
    """The schema of a body that has this field, and not as null."""
    return {"required": [name], "properties": {name: {"not": {"type": "null"}}}}

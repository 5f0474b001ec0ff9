"""Where fields of a body need or exclude each other, does the published schema say what the check says?"""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from deploy.declaration import SERVICES
from services.notify.api.bodies import ResendFailed
from services.registry.api.bodies import AssignBody, CorrectUnitBody, HolderBody
from services.reporting.api.endpoints import ReplayBody
from shared.service import openapi
from tests.support import described

_ID, _INSTANT, _REASON = "658ec309-affd-50d1-a66e-b51a45e5104a", "2027-03-01T09:00:00Z", "核对时发现有误"
_PERSON = {"name": "周安", "document_type": "passport", "document_number": "E12345678"}
_OMITTED = object()
# The fields that no rule concerns, and of the others each value in question beside null and none at all.
BODIES: Mapping[type[BaseModel], tuple[dict[str, Any], dict[str, list[Any]]]] = {
    AssignBody: (
        {"group_id": _ID},
        {"unit_ids": [[_ID]], "compound": ["和丰苑"], "building": ["1栋"], "stairwell": ["1"]},
    ),
    HolderBody: ({}, {"person_id": [_ID], "person": [_PERSON], "guardian_id": [_ID], "guardian": [_PERSON]}),
    CorrectUnitBody: ({"reason": _REASON}, {"floor": [0, 3], "top_floor": [0, 4]}),
    ReplayBody: ({}, {"event_ids": [[], [_ID]], "since": [_INSTANT], "until": [_INSTANT]}),
    ResendFailed: ({"code": "smtp-550"}, {"dry_run": [True, False], "reason": [_REASON]}),
}
_RULES = {"allOf", "anyOf", "oneOf", "not", "if"}


def schema_of(body: type[BaseModel]) -> dict[str, Any]:
    return TypeAdapter(body).json_schema()


def bodies_with_rules() -> Iterator[type[BaseModel]]:
    """Of every route, and the models inside them."""
    for body in {route.declared.body for service in SERVICES for route in openapi.routes(described.app(service))}:
        if body and (body.__pydantic_decorators__.model_validators or _RULES & schema_of(body).keys()):
            yield body


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.__name__)
def test_the_schema_and_the_check_agree_on_every_combination(body: type[BaseModel]) -> None:
    base, values = BODIES[body]
    validator, verdicts = jsonschema.Draft202012Validator(schema_of(body)), set()
    for chosen in product(*([_OMITTED, None, *some] for some in values.values())):
        given = base | {name: value for name, value in zip(values, chosen, strict=True) if value is not _OMITTED}
        verdict = accepted(body, given)
        assert verdict == validator.is_valid(given), given
        verdicts.add(verdict)

    assert verdicts == {True, False}


def accepted(body: type[BaseModel], given: dict[str, Any]) -> bool:
    try:
        body.model_validate_json(TypeAdapter(dict[str, Any]).dump_json(given), strict=True)
    except ValidationError:
        return False
    return True


def test_every_body_with_such_a_rule_is_compared() -> None:
    assert {body.__name__ for body in bodies_with_rules()} <= {body.__name__ for body in BODIES}


@pytest.mark.parametrize(
    ("body", "given", "place", "code"),
    [
        (AssignBody, {"group_id": _ID}, ("compound",), "missing"),
        (AssignBody, {"group_id": _ID, "unit_ids": [_ID], "compound": "x"}, ("compound",), "excludes-another"),
        (AssignBody, {"group_id": _ID, "compound": "x", "stairwell": "1"}, ("stairwell",), "needs-another"),
        (HolderBody, {"person_id": _ID, "person": _PERSON}, ("person",), "excludes-another"),
        (CorrectUnitBody, {"reason": _REASON, "top_floor": 3}, ("top_floor",), "needs-another"),
        (ResendFailed, {"code": "smtp-550"}, ("reason",), "missing"),
    ],
)
def test_the_fault_names_the_field(body: type[BaseModel], given: dict[str, Any], place: tuple[str], code: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        body.model_validate_json(TypeAdapter(dict[str, Any]).dump_json(given), strict=True)

    assert [(error["loc"], error["type"]) for error in refusal.value.errors()] == [(place, code)]

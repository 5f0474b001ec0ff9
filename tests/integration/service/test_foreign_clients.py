"""Is the API description correct for clients that know nothing else: a validator, and a generated client?"""

import gc
import importlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as some
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.generation.modes import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from deploy.declaration import SERVICES
from deploy.local import issuer as local_issuer
from shared.service import openapi
from shared.service.limits import Limits
from tests.support import described
from tests.support.platform import Database, Platform

OURS = "440303"
# A rule of the domain may refuse what a schema lets pass: a period that ends before it begins. Of a GET this is not so.
_EXCLUDED = {method: [positive_data_acceptance] for method in ("POST", "PUT", "PATCH")}
EXAMPLES = 4  # of each operation, right and wrong: bounded, since a test of every route is hostile.py's
_LONGEST_PATTERN = 200


@pytest.fixture(params=SERVICES)
def app(
    request: pytest.FixtureRequest,
    platform: Platform,
    database: Callable[[str], Database],
    issuer: tuple[str, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Flask]:
    service = request.param
    for name, value in platform.environment(service, "api", database(service)).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ISSUER_URL", issuer[0])
    monkeypatch.setenv("ISSUER_INTERNAL_URL", issuer[0])
    made = importlib.import_module(f"services.{service}.application").create()
    kept = made.extensions["clearwater"]
    made.extensions["clearwater"] = replace(kept, limits=Limits(per_second=1e9, burst=1e9))
    yield made
    kept.engine.dispose()


@pytest.mark.parametrize("service", SERVICES)
def test_the_description_is_valid_and_its_defaults_fit_their_own_schemas(service: str) -> None:
    app = described.app(service)
    with app.app_context():
        document = openapi.document(app)

    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []
    assert list(_unfit(document, document["components"])) == []
    assert {"Fault", "Problem"} <= document["components"]["schemas"].keys()


@pytest.mark.timeout(600)
# The client of schemathesis does not close what it downloads; a server does.
@pytest.mark.filterwarnings("ignore:Unclosed file <tempfile.SpooledTemporaryFile:ResourceWarning")
def test_a_generated_client_finds_what_the_description_says(app: Flask, issuer: tuple[str, Path]) -> None:
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app, config=SchemathesisConfig())
    _drop_the_rule_of_texts(schema.raw_schema)
    found: dict[str, str] = {}
    for result in schema.get_all_operations():
        operation = result.ok()
        role = operation.definition.raw.get("x-roles", ["desk"])[0]
        headers = {"Authorization": f"Bearer {local_issuer.mint(issuer[1], role=role, districts=[OURS])}"}
        for mode in _modes(operation.definition.raw):
            found |= _faults_of_answers(operation.as_strategy(generation_mode=mode), headers)

    gc.collect()
    assert not found, "\n".join(f"{what}: {about}" for what, about in sorted(found.items()))


def _modes(operation: dict[str, Any]) -> tuple[GenerationMode, ...]:
    """Without a body, and with nothing but texts in its path, an operation that is open to everybody cannot be asked wrongly."""
    given = [(parameter["in"], parameter["schema"]) for parameter in operation.get("parameters", ())]
    anything = bool(given) and all(one == ("path", {"type": "string"}) for one in given)
    if anything and not {"requestBody", "security"} & operation.keys():
        return (GenerationMode.POSITIVE,)
    return (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


def _drop_the_rule_of_texts(value: object) -> None:
    """Hypothesis takes minutes to build a strategy from a class of so many ranges (shared/text.py)."""
    if isinstance(value, dict):
        if len(str(value.get("pattern", ""))) > _LONGEST_PATTERN:
            del value["pattern"]
        for item in value.values():
            _drop_the_rule_of_texts(item)
    elif isinstance(value, list):
        for item in value:
            _drop_the_rule_of_texts(item)


def _faults_of_answers(cases: some.SearchStrategy[schemathesis.Case], headers: dict[str, str]) -> dict[str, str]:
    """The faults of the answers, one for each kind of fault of an operation."""
    found: dict[str, str] = {}

    @settings(
        max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=cases)
    def ask(case: schemathesis.Case) -> None:
        try:
            case.call_and_validate(headers=headers, excluded_checks=_EXCLUDED.get(case.method, []))
        except FailureGroup as group:
            for failure in group.exceptions:
                what = f"{case.operation.label} {type(failure).__name__}"
                found.setdefault(what, f"{failure.message[:300]} {case.as_curl_command()[-400:]}")

    ask()
    return found


def _unfit(value: object, components: dict[str, object], place: str = "") -> Iterator[str]:
    """Every default and example that its own schema refuses."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _unfit(item, components, f"{place}/{number}")
    if not isinstance(value, dict):
        return
    schema = value.get("schema", value)
    given = [value[name] for name in ("default", "example") if name in value and isinstance(schema, dict)]
    for one in given:
        if not Draft202012Validator({**schema, "components": components}).is_valid(one):
            yield place
    for name, item in value.items():
        if name not in ("example", "examples", "default"):
            yield from _unfit(item, components, f"{place}/{name}")

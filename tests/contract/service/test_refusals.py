"""Is every refusal in the catalogue, with texts and a next step in three languages, and declared by its routes?"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TypeGuard

import pytest

from deploy.declaration import SERVICES
from shared.service import openapi
from shared.service.problems import Problem
from tests.support import described
from tests.support.tree import ROOT

KIT = "shared/service"
PLACES = [KIT, *(f"services/{name}" for name in SERVICES)]


@pytest.mark.parametrize("place", PLACES)
def test_every_code_that_is_raised_is_in_the_catalogue(place: str) -> None:
    known = described.catalogue(ROOT / place).problems

    for code, facts, where in _raised(place):
        assert code in known, f"{where} refuses with {code}, which no problems.toml has"
        assert facts <= set(known[code].facts), (
            f"{where}: {code} tells {facts}, its catalogue names {known[code].facts}"
        )


@pytest.mark.parametrize("place", PLACES)
def test_every_code_of_a_catalogue_is_raised(place: str) -> None:
    literals = _literals(place) | (_literals("shared") if place == KIT else set())

    assert not sorted(_own(place).keys() - literals), "in problems.toml, raised nowhere"


@pytest.mark.parametrize("place", PLACES)
def test_every_refusal_has_a_next_step_in_three_languages(place: str) -> None:
    for code, item in _own(place).items():
        sentences = [item.zh, item.zh_hant, item.en, item.next, item.next_zh_hant, item.next_en]
        assert all(sentences), f"{code} lacks a sentence"


@pytest.mark.parametrize("service", SERVICES)
def test_every_code_is_declared_by_a_route_or_marked_as_without_routes(service: str) -> None:
    declared = {code for route in openapi.routes(described.app(service)) for code in route.declared.codes}

    for code, item in _own(f"services/{service}").items():
        assert (code in declared) == item.routes, (
            f"{code}: declared by a route {code in declared}, routes = {item.routes}"
        )


@pytest.mark.parametrize("service", SERVICES)
def test_a_route_that_reads_in_one_district_declares_that_it_must_be_named(service: str) -> None:
    """A route that writes does so in every case; one that reads may be of all granted districts."""
    routes = openapi.routes(described.app(service))
    reading = {route.endpoint.rpartition(".")[2]: route.declared for route in routes if route.declared.method == "GET"}
    views = {
        node.name: ast.unparse(node)
        for file in (ROOT / "services" / service / "api").glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    }
    named = {name for name, source in views.items() if "current().district" in source or "subject.district" in source}

    assert [name for name in sorted(named & reading.keys()) if "district-required" not in reading[name].codes] == []


@pytest.mark.parametrize("service", SERVICES)
def test_the_openapi_has_retry_after_exactly_where_an_answer_carries_it(service: str) -> None:
    app = described.app(service)
    problems = app.extensions["clearwater"].problems.problems
    document = openapi.document(app)
    operations = {it["operationId"]: it for verbs in document["paths"].values() for it in verbs.values()}

    for route in openapi.routes(app):
        waited = {
            str(problems[it].status) for it in route.declared.codes if "retry_after_seconds" in problems[it].facts
        }
        answers = operations[route.endpoint]["responses"].items()
        assert {status for status, answer in answers if "Retry-After" in answer.get("headers", ())} == waited


def test_every_code_of_the_kit_is_declared_by_some_route() -> None:
    declared = {
        code for service in SERVICES for item in openapi.routes(described.app(service)) for code in item.declared.codes
    }

    wrong = {code for code, item in _own(KIT).items() if (code in declared) != item.routes}
    assert not wrong


def _own(place: str) -> dict[str, Problem]:
    """The catalogue of this place, without the codes of the kit."""
    found = described.catalogue(ROOT / place).problems
    kit = described.catalogue(ROOT / "no place").problems
    return kit if place == KIT else {code: item for code, item in found.items() if code not in kit}


def _raised(place: str) -> Iterator[tuple[str, set[str], str]]:
    """Code, names of the facts, and place of each `Refused("…", …)`."""
    for file, tree in _trees(place):
        for node in ast.walk(tree):
            if _refuses(node) and isinstance(code := node.args[0], ast.Constant):
                facts = {keyword.arg for keyword in node.keywords if keyword.arg}
                yield str(code.value), facts, f"{file.relative_to(ROOT)}:{node.lineno}"


def _refuses(node: ast.AST) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refused"


def _literals(place: str) -> set[str]:
    """Every string literal of the code, except the declarations of routes."""
    found = {code for code, _, _ in _raised(place)}
    for file, tree in _trees(place):
        if file.parent.name != "api":
            found |= {
                node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
            }
    return found


@cache
def _trees(place: str) -> list[tuple[Path, ast.Module]]:
    return [(file, ast.parse(file.read_text(encoding="utf-8"))) for file in sorted((ROOT / place).rglob("*.py"))]

"""Readable personal data leaves the register by few routes: does each call leave exactly one line in the auditor's lists?

Which routes these are is found in the source: whatever a view reaches, function by function, down to those that open what is sealed.
"""

import ast
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from werkzeug.test import TestResponse

from services.registry.domain import sample
from shared.service import database
from tests.integration.registry.conftest import DISTRICT, Registry, workbook
from tests.integration.registry.test_imports import edited
from tests.support.tree import ROOT

SERVICE = "services.registry"
OPENING = {
    f"{SERVICE}.store.vault.{name}" for name in ("open_chunk", "opened_line")
} | {f"{SERVICE}.store.people._opened"}  # fmt: skip
LISTS = ("reveals", "name_searches", "exports", "annotations")
WHY = {"reason": "代办更正"}
# They open what is sealed to compare it and answer without it; each leaves its own record: a correction or a tenancy.
WITHIN = {"corrections.patch_unit", "corrections.patch_person", "corrections.add_tenant"}


@pytest.fixture
def made() -> sample.Sample:
    return sample.made(seed=1, units=20, district=DISTRICT)


@pytest.fixture
def project_id(registry: Registry, made: sample.Sample) -> str:
    project_id = registry.project(made)
    registry.imported(project_id, workbook(made))
    return project_id


def faulty(registry: Registry, project_id: str, made: sample.Sample) -> str:
    report = registry.imported(project_id, edited(made, {"Q2": "440399198002290001"}), commit=False)
    assert report["state"] == "faulty"
    return str(report["import_id"])


def person_of(registry: Registry) -> str:
    return str(registry.get("/people").json["items"][0]["person_id"])


def given(registry: Registry, import_id: str) -> TestResponse:
    """Read to its end, so that its temporary file is closed."""
    address, headers = f"/api/v1/imports/{import_id}/annotations", registry.headers("command")
    return registry.app.test_client().post(address, json=WHY, headers=headers, buffered=True)


Call = Callable[[Registry, str, sample.Sample], object]
CALLS: dict[str, Call] = {
    "people.reveal": lambda registry, _, __: registry.post(
        f"/people/{person_of(registry)}/reveals", WHY, role="officer"
    ),
    "people.search": lambda registry, _, made: registry.post(
        "/people/searches", {"name": made.holders[0]["name"], **WHY}
    ),
    "exports.export_readable": lambda registry, project_id, _: registry.post(f"/projects/{project_id}/exports", WHY),
    "imports.annotated_workbook": lambda registry, project_id, made: registry.get(
        f"/imports/{faulty(registry, project_id, made)}/annotated.xlsx"
    ),
    "imports.annotate": lambda registry, project_id, made: given(registry, faulty(registry, project_id, made)),
}


def recorded(registry: Registry) -> int:
    with registry.mechanism.connect() as connection:
        return sum(connection.execute(text(f"select count(*) from {name}")).scalar_one() for name in LISTS)


@pytest.mark.parametrize("route", CALLS)
def test_each_call_that_gives_readable_values_leaves_one_line(
    registry: Registry, made: sample.Sample, project_id: str, route: str
):
    before = recorded(registry)

    answer = CALLS[route](registry, project_id, made)

    assert answer.status_code == 200, answer.text
    assert recorded(registry) == before + 1


def test_no_other_route_and_no_page_reaches_what_is_sealed():
    routes = {name for name, view in views().items() if reached(view) & OPENING}

    assert routes == CALLS.keys() | WITHIN


def test_sealed_data_is_opened_in_the_listed_functions_only():
    """Another one that calls Vault.open or AESGCM.decrypt belongs into OPENING."""
    found = {
        name
        for name, node in functions().items()
        for call in ast.walk(node)
        if isinstance(call, ast.Attribute)
        and (
            call.attr in ("decrypt", "open_sealed")
            or (call.attr == "open" and ast.unparse(call.value) in ("vault", "self.vault"))
        )
    }

    assert found == {f"{SERVICE}.store.vault.{name}" for name in ("open_chunk", "Vault")} | {
        f"{SERVICE}.store.people._opened"
    }


def test_the_uploader_needs_no_reason_and_anybody_else_does(registry: Registry, made: sample.Sample, project_id: str):
    import_id = faulty(registry, project_id, made)

    refused = registry.get(f"/imports/{import_id}/annotated.xlsx", role="command")
    assert (refused.status_code, refused.json["code"]) == (403, "import-of-another") and refused.json["next"]
    without = registry.post(f"/imports/{import_id}/annotations", {}, role="command")
    assert (without.status_code, without.json["code"]) == (422, "body-invalid")
    assert registry.get("/annotations", role="auditor").json["items"] == []

    own = registry.get(f"/imports/{import_id}/annotated.xlsx")
    assert (own.status_code, given(registry, import_id).status_code) == (200, 200)
    listed = registry.get("/annotations", role="auditor").json["items"]
    assert [(item["import_id"], item["roles"], item["reason"]) for item in listed] == [
        (import_id, ["clerk"], None),
        (import_id, ["command"], WHY["reason"]),
    ]
    assert listed[0]["subject"] == registry.get(f"/imports/{import_id}").json["uploaded_by"] != listed[1]["subject"]


@pytest.mark.parametrize("state", ["clean", "committed", "abandoned"])
def test_an_import_without_mistakes_is_not_given_out(registry: Registry, made: sample.Sample, state: str):
    report = registry.imported(registry.project(made), workbook(made), commit=state == "committed")
    if state == "abandoned":
        registry.post(f"/imports/{report['import_id']}/abandon")

    refused = registry.get(f"/imports/{report['import_id']}/annotated.xlsx")

    assert refused.json["code"] == ("import-not-faulty" if state == "clean" else "import-file-gone")
    assert registry.get("/annotations", role="auditor").json["items"] == []


def test_roles_and_districts_that_may_not_import_receive_nothing(
    registry: Registry, made: sample.Sample, project_id: str
):
    import_id = faulty(registry, project_id, made)

    for role in ("desk", "officer", "city", "auditor"):
        assert registry.post(f"/imports/{import_id}/annotations", WHY, role=role).status_code == 403
    assert registry.post(f"/imports/{import_id}/annotations", WHY, district="440305").status_code == 404
    assert registry.get("/annotations", role="clerk").status_code == 403
    assert registry.get("/annotations", role="auditor").json["items"] == []


def test_the_list_cannot_be_corrected(registry: Registry, made: sample.Sample, project_id: str):
    registry.get(f"/imports/{faulty(registry, project_id, made)}/annotated.xlsx")
    for change in ("delete from annotations", "update annotations set reason = 'none'"):
        with pytest.raises(DBAPIError), database.begin(registry.engine, district=DISTRICT) as tx:
            tx.connection.execute(text(change))


def test_the_pages_ask_for_the_reason_and_show_the_line_to_the_auditor(
    registry: Registry, made: sample.Sample, project_id: str
):
    import_id = faulty(registry, project_id, made)

    own, others = (page(registry, f"/register/imports/{import_id}", role) for role in ("clerk", "command"))
    assert f"/imports/{import_id}/annotated.xlsx" in own and "/annotations" not in own
    assert f"/imports/{import_id}/annotations" in others and "annotated.xlsx" not in others

    registry.get(f"/imports/{import_id}/annotated.xlsx")
    given(registry, import_id)
    audit = page(registry, "/register/audit", "auditor")
    assert "最近 2 次领取批注表" in audit and "本人上传" in audit and WHY["reason"] in audit


def page(registry: Registry, path: str, role: str) -> str:
    headers = {**registry.headers(role), "Accept": "text/html"}
    return str(registry.app.test_client().get(path, headers=headers).text)


@cache
def functions() -> dict[str, ast.AST]:
    """Every function and class of a module's own, by its full name."""
    found: dict[str, ast.AST] = {}
    for module, tree in modules().items():
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                found[f"{module}.{node.name}"] = node
    return found


@cache
def modules() -> dict[str, ast.Module]:
    files = sorted((ROOT / SERVICE.replace(".", "/")).rglob("*.py"))
    return {
        named(file): ast.parse(file.read_text(encoding="utf-8")) for file in files if "migrations" not in file.parts
    }


def named(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts)


@cache
def imported(module: str) -> dict[str, str]:
    """What a name of the module stands for: its own function, or what it has imported."""
    names = {name.rpartition(".")[2]: name for name in functions() if name.rpartition(".")[0] == module}
    for node in ast.walk(modules()[module]):
        if isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return names


@cache
def mentioned(function: str) -> frozenset[str]:
    names = imported(function.rpartition(".")[0])
    found = set()
    for node in ast.walk(functions()[function]):
        if isinstance(node, ast.Name):
            found.add(names.get(node.id, ""))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found.add(f"{names.get(node.value.id, '')}.{node.attr}")
    return frozenset(found & functions().keys())


def reached(function: str) -> set[str]:
    seen, waiting = set(), [function]
    while waiting:
        if (name := waiting.pop()) not in seen:
            seen.add(name)
            waiting += mentioned(name)
    return seen


def views() -> dict[str, str]:
    """The functions of the API and of the pages by the name of their endpoint, as `imports.report`."""
    found = {}
    for name, node in functions().items():
        module, _, function = name.rpartition(".")
        package = module.rpartition(".")[0]
        if isinstance(node, ast.FunctionDef) and package in (f"{SERVICE}.api", f"{SERVICE}.web") and function[0] != "_":
            found[f"{module.rpartition('.')[2]}.{function}"] = name
    assert len(found) > 60 and "imports.report" in found
    return found

"""Somebody is forgotten while an import is being written: does every unit keep its owners and their guardians?"""

import ast
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from services.registry.commands import forget_person
from services.registry.commands.commit_import import CommitImport, commit_import
from services.registry.commands.forget_again import ForgetAgain, forget_again
from services.registry.domain import sample
from services.registry.store import units
from shared.service import database
from tests.integration.registry.conftest import DISTRICT, Registry, workbook
from tests.integration.registry.test_imports import edited
from tests.support.tree import ROOT

COMMANDS = "services/registry/commands"
CHANGING, LOCKING = {"record", "change", "forget"}, {"lock_district", "lock_district_or_refuse"}
Owners = list[tuple[object, ...]]


@pytest.fixture
def made() -> sample.Sample:
    return sample.made(seed=1, units=20, district=DISTRICT)


def owners(registry: Registry) -> Owners:
    with registry.mechanism.connect() as connection:
        rows = connection.execute(
            text("select unit_id, place, person_id, capable, guardian_id from holders order by unit_id, place")
        )
        return [tuple(row) for row in rows]


def ordered(registry: Registry, made: sample.Sample) -> tuple[UUID, UUID, UUID]:
    """A commit is ordered that changes a unit with an incapable owner. Returns the import, that owner and their guardian."""
    project_id = registry.project(made)
    registry.imported(project_id, workbook(made))
    row = next(number for number, line in enumerate(made.holders, start=2) if line.get("capacity"))
    code = made.holders[row - 2]["unit_code"]
    places = [number for number, line in enumerate(made.holders, start=2) if line["unit_code"] == code]
    report = registry.imported(project_id, edited(made, {f"K{place}": 70.01 for place in places}), commit=False)
    assert report["changes"]["changed"] == 1, report
    assert registry.post(f"/imports/{report['import_id']}/commit").status_code == 202
    found = next(owner for owner in owners(registry) if owner[4] is not None and not owner[3])
    return UUID(report["import_id"]), UUID(str(found[2])), UUID(str(found[4]))


def committed(registry: Registry, import_id: UUID, meanwhile: Callable[[], None]) -> None:
    """`meanwhile` runs once, after the people were recorded and before the right-holders are written."""
    waiting = [meanwhile]

    def report(_done: int, _total: int) -> None:
        if waiting:
            waiting.pop()()

    with database.begin(registry.engine, district=DISTRICT) as tx:
        commit_import(tx, registry.vault, CommitImport(import_id, datetime.now(UTC)), report=report)


@pytest.mark.parametrize("which", [1, 2], ids=["the owner", "the guardian"])
def test_nobody_is_forgotten_while_an_import_is_written(registry: Registry, made: sample.Sample, which: int):
    found = ordered(registry, made)
    before, answers = owners(registry), []
    request = f"/people/{found[which]}/forgetting", {"reason": "本人书面要求"}

    committed(registry, found[0], lambda: answers.append(registry.post(*request, role="command")))

    assert [(answer.status_code, answer.json["code"]) for answer in answers] == [(503, "register-busy")]
    assert owners(registry) == before
    assert registry.post(*request, role="command").status_code == 201


@pytest.mark.parametrize("which", [1, 2], ids=["the owner", "the guardian"])
def test_a_right_holder_who_is_not_found_rolls_the_import_back(
    registry: Registry, made: sample.Sample, which: int, monkeypatch
):
    """The lock is the rule, this the net below it."""
    monkeypatch.setattr(forget_person.people, "lock_district_or_refuse", lambda _: None)
    found = ordered(registry, made)
    before = owners(registry)
    request = f"/people/{found[which]}/forgetting", {"reason": "本人书面要求"}

    with pytest.raises(units.HoldersMissingError):
        committed(registry, found[0], lambda: registry.post(*request, role="command"))

    assert owners(registry) == before
    assert registry.get(f"/imports/{found[0]}").json["state"] == "committing"


def test_forgetting_again_after_a_restore_waits_for_the_import(registry: Registry, made: sample.Sample):
    import_id, person_id, _ = ordered(registry, made)
    before = owners(registry)

    def again() -> None:
        with database.begin(registry.engine, district=DISTRICT) as tx:
            tx.connection.execute(text("set local lock_timeout = '200ms'"))
            command = ForgetAgain(
                person_id=person_id,
                district=DISTRICT,
                key_id=person_id,
                forgotten_by="x",
                forgotten_at=datetime.now(UTC),
            )
            with pytest.raises(Exception, match="lock timeout"):
                forget_again(tx, command)
            tx.connection.rollback()

    committed(registry, import_id, again)

    assert owners(registry) == before


def test_every_command_that_writes_people_locks_them_first():
    found = 0
    for file in sorted((ROOT / COMMANDS).glob("*.py")):
        for function in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef) and (first := first_line(function, CHANGING)):
                assert first_line(function, LOCKING) in range(1, first), f"{Path(file).name}: {function.name}"
                found += 1
    assert found >= 6


def first_line(function: ast.FunctionDef, names: set[str]) -> int:
    """Where it first calls one of those functions of store/people.py; 0 if nowhere."""
    return min(
        (
            node.lineno
            for node in ast.walk(function)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and (node.value.id, node.attr) in {("people", name) for name in names}
        ),
        default=0,
    )

"""Does a breaking change of the contract name everybody whom it breaks, and nobody else?"""

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from deploy.local.place import ROOT
from services.notify.consumers import reactions as of_notify
from services.registry.consumers import reactions as of_registry
from services.reporting.projections.reactions import reactions as of_reporting
from services.signing.consumers import reactions as of_signing
from shared.events import catalogue, impact, release, xregistry
from shared.events.impact import Contract, Published, Reader

UNIT, SIGNED = "clearwater.registry.unit.registered.v1", "clearwater.signing.agreement.signed.v1"
OPENED = "clearwater.registry.project.opened.v1"
NOTHING = cast("Any", None)
Plant = Callable[[dict[str, Published]], object]


def planted(plant: Plant) -> Contract:
    contract = {name: copy.deepcopy(published) for name, published in impact.current().items()}
    plant(contract)
    return contract


def dropped(event_type: str, field: str) -> Plant:
    def drop(contract: dict[str, Published]) -> None:
        schema = contract[event_type].schema
        del schema["properties"][field]
        schema["required"] = [name for name in schema["required"] if name != field]

    return drop


def names(plant: Plant, *readers: Reader) -> set[str]:
    found = impact.changes(impact.current(), planted(plant))
    return {broken.reader.name for broken in impact.broken(found, readers or impact.declared())}


def test_every_reader_of_this_repository_is_declared_with_exactly_the_types_that_its_code_reads() -> None:
    code = {
        "services/registry": of_registry(),
        "services/signing": of_signing(NOTHING),
        "services/notify": of_notify(opener=NOTHING, clock=NOTHING),
        "services/reporting": of_reporting(),
    }
    declared = {reader.name: reader.types for reader in impact.declared()}

    assert {name: set(types) for name, types in code.items()} == {
        name: set(types) for name, types in declared.items() if name.startswith("services/")
    }


def test_every_worked_subscriber_is_a_declared_reader() -> None:
    examples = {f"examples/{path.name}" for path in (ROOT / "examples").iterdir() if path.is_dir()}
    assert examples == {reader.name for reader in impact.declared() if reader.name.startswith("examples/")}


def test_nothing_that_was_released_is_broken_now() -> None:
    assert impact.sentences() == []


def test_a_planted_break_names_the_services_that_read_the_event() -> None:
    readers = {reader.name for reader in impact.declared() if UNIT in reader.types}

    assert {"services/signing", "services/reporting"} <= readers
    assert names(dropped(UNIT, "door")) == readers
    assert names(dropped(SIGNED, "unit_id")) == {reader.name for reader in impact.declared() if SIGNED in reader.types}


def test_ci_names_whom_a_change_since_the_release_breaks(tmp_path: Path) -> None:
    schema = copy.deepcopy(impact.current()[UNIT].schema)
    schema["properties"]["gone"] = {"type": "string"}
    (tmp_path / f"{UNIT}.json").write_text(json.dumps(schema), encoding="utf-8")

    found = impact.sentences(tmp_path)

    assert f"{UNIT} .gone: removed or renamed: breaks services/signing" in found
    assert not [line for line in found if "examples/" in line]


def test_an_addition_breaks_nobody() -> None:
    def add(contract: dict[str, Published]) -> None:
        contract[UNIT].schema["properties"]["note"] = {"type": "string"}
        contract["clearwater.registry.unit.noted.v1"] = contract[UNIT]

    assert impact.changes(impact.current(), planted(add)) == []


@pytest.mark.parametrize(
    ("field", "reads", "breaks"),
    [
        ("door", {"door"}, True),
        ("door", {"floor"}, False),
        ("right_holders", {"right_holders[].share"}, True),
        ("door", set(), False),
        ("door", None, True),
    ],
)
def test_a_reader_of_some_fields_is_broken_by_changes_of_those_alone(
    field: str, reads: set[str] | None, breaks: bool
) -> None:
    reader = Reader("agency", frozenset({UNIT}), None if reads is None else frozenset(reads))

    assert (names(dropped(UNIT, field), reader) == {"agency"}) is breaks


def test_a_change_of_a_part_breaks_the_readers_of_the_whole() -> None:
    def narrow(contract: dict[str, Published]) -> None:
        del contract[UNIT].schema["$defs"]["RightHolder"]["properties"]["share"]

    whole, other = (Reader(name, frozenset({UNIT}), frozenset({name})) for name in ("right_holders", "door"))
    assert names(narrow, whole, other) == {"right_holders"}


def moved(label: str, value: str) -> Plant:
    def move(contract: dict[str, Published]) -> None:
        contract[UNIT] = Published(contract[UNIT].schema, {**contract[UNIT].travels, label: value})

    return move


@pytest.mark.parametrize(
    "plant",
    [
        lambda contract: contract.pop(UNIT),
        moved("audience", "restricted"),
        moved("topic", "registry-project"),
        moved("key", "project_id"),
    ],
)
def test_an_event_that_ends_or_travels_otherwise_breaks_every_reader_of_it(plant: Plant) -> None:
    of_the_envelope = Reader("envelope", frozenset({"*"}), frozenset())
    of_another = Reader("another", frozenset({OPENED}))

    assert names(plant, of_the_envelope, of_another) == {"envelope"}


def test_a_contract_that_an_installation_serves_is_read_as_the_code_has_it() -> None:

    document = json.loads(json.dumps(xregistry.document(at=datetime.now(UTC), public_url="https://clearwater.example")))

    assert impact.served(document) == impact.current()
    assert set(impact.former(release.RELEASED)) <= {event.declared.type for event in catalogue.events()}
    with pytest.raises(KeyError):
        impact.served({})

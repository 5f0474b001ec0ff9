"""Is every kind of incompatible change caught, and no harmless one?"""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.events import compatibility, release, schemas
from shared.events.registry import UnitRegistered

Schema = dict[str, Any]
Change = Callable[[Schema], object]


def a_schema() -> Schema:
    return copy.deepcopy(schemas.document(UnitRegistered))


def _part(schema: Schema) -> Schema:
    found: Schema = schema["$defs"]["RightHolder"]
    return found


def _rename(schema: Schema) -> None:
    schema["properties"]["storey"] = schema["properties"].pop("floor")
    schema["required"][schema["required"].index("floor")] = "storey"


HARMFUL: dict[str, tuple[Change, str]] = {
    "removed": (lambda s: s["properties"].pop("floor"), ".floor: removed"),
    "renamed": (_rename, ".floor: removed or renamed"),
    "retyped": (lambda s: s["properties"]["floor"].update(type="string"), ".floor: type"),
    "made optional": (lambda s: s["required"].remove("floor"), ".floor: no longer required"),
    "added as required": (
        lambda s: (s["properties"].update(new={"type": "string"}), s["required"].append("new")),
        ".new: added as required",
    ),
    "choice taken away": (lambda s: s["properties"]["use"]["enum"].remove("office"), ".use: choices"),
    "choice added": (lambda s: s["properties"]["use"]["enum"].append("temple"), ".use: choices"),
    "bound tightened": (lambda s: s["properties"]["floor"].update(maximum=3), ".floor: maximum"),
    "rule added that the check has never seen": (
        lambda s: s["properties"]["right_holders"].update(uniqueItems=True),
        ".right_holders: uniqueItems None became True",
    ),
    "what a missing field means": (
        lambda s: s["properties"]["top_floor"].update(default=1),
        ".top_floor: default None became 1",
    ),
    "form changed": (lambda s: s["properties"]["unit_id"].update(format="uri"), ".unit_id: format"),
    "removed from a part": (lambda s: _part(s)["properties"].pop("capable"), ".right_holders[].capable: removed"),
    "null taken away": (
        lambda s: _part(s)["properties"].update(share={"type": "string"}),
        ".right_holders[].share: type",
    ),
    "alternative retyped": (
        lambda s: _part(s)["properties"]["share"]["anyOf"][0].update(type="number"),
        ".right_holders[].share: type",
    ),
}


@pytest.mark.parametrize("name", HARMFUL)
def test_an_incompatible_change_is_caught(name: str) -> None:
    change, expected = HARMFUL[name]
    changed = a_schema()
    change(changed)

    assert any(found.startswith(expected) for found in compatibility.breaks(a_schema(), changed))


def test_an_optional_field_made_required_is_caught() -> None:
    released = a_schema()
    released["properties"]["note"] = {"type": "string"}
    changed = copy.deepcopy(released)
    changed["required"].append("note")

    assert compatibility.breaks(released, changed) == [".note: made required"]


HARMLESS: dict[str, Change] = {
    "optional field added": lambda s: s["properties"].update(note={"type": "string"}),
    "optional field added in a part": lambda s: _part(s)["properties"].update(note={"type": "string"}),
    "described better": lambda s: s["properties"]["floor"].update(description="storey"),
    "part renamed": lambda s: (
        s["$defs"].update(Holder=s["$defs"].pop("RightHolder")),
        s["properties"]["right_holders"]["items"].update({"$ref": "#/$defs/Holder"}),
    ),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_a_compatible_change_passes(name: str) -> None:
    changed = a_schema()
    HARMLESS[name](changed)

    assert compatibility.breaks(a_schema(), changed) == []


def test_a_release_refuses_what_breaks_and_leaves_the_baseline_alone(tmp_path: Path) -> None:
    assert release.release(tmp_path) == []
    path = tmp_path / f"{UnitRegistered.declared.type}.json"
    released = a_schema()
    released["properties"]["gone"] = {"type": "string"}
    path.write_text(json.dumps(released), encoding="utf-8")
    (tmp_path / "clearwater.registry.unit.dropped.v1.json").write_text("{}", encoding="utf-8")

    assert release.release(tmp_path) == [
        "clearwater.registry.unit.dropped.v1: released, no longer declared",
        "clearwater.registry.unit.registered.v1 .gone: removed or renamed",
    ]
    assert json.loads(path.read_text(encoding="utf-8")) == released

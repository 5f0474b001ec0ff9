"""An agency's own account of the units: what the events say one after another. It shares no code with reporting's model."""

import json
from collections.abc import Collection, Iterable
from typing import Any

from shared.messaging.ports import Message

_REGISTERED = (
    "revision", "unit_code", "compound", "building", "stairwell", "floor", "top_floor", "door", "area_hundredths_m2", "use",
    "household_id", "ownership",
)  # fmt: skip
_NUMBER = ("series", "sequence_number", "signed_at")
_AGREEMENT = {
    "drafted": "drafted", "revised": "drafted", "reviewed": "reviewed", "returned": "returned", "locked": "locked",
    "unlocked": "drafted", "preregistered": "pre_registered", "superseded": "superseded", "signed": "signed",
    "effective": "effective", "rescinded": "rescinded", "void": "void", "performed": "performed",
}  # fmt: skip
_Unit = dict[str, Any]


def facts_of(event_type: str, data: dict[str, Any]) -> _Unit:
    """What one event says of its unit."""
    if event_type == "clearwater.registry.unit.registered.v1":
        holders = [
            {name: holder[name] for name in ("masked_name", "share", "capable")} for holder in data["right_holders"]
        ]
        return {"registered": {**{name: data[name] for name in _REGISTERED}, "right_holders": holders}}
    if event_type == "clearwater.registry.unit.assigned.v1":
        return {"assignment": {"group_id": data["group_id"], "staff_id": data["staff_id"]}}
    _, service, thing, act, _ = event_type.split(".")
    if (service, thing) == ("signing", "rights"):
        return {"rights": act}
    if (service, thing) != ("signing", "agreement"):
        return {}
    facts: _Unit = {"agreement": _AGREEMENT[act]}
    if act == "signed":
        facts["signing"] = {name: data[name] for name in _NUMBER}
    if act in {"rescinded", "void"}:
        facts["signing"] = None
    return facts


def note(units: dict[str, _Unit], event_type: str, data: dict[str, Any], facts: Collection[str]) -> None:
    """Takes one event into the account, as far as its facts are wanted."""
    changed = {fact: value for fact, value in facts_of(event_type, data).items() if fact in facts}
    if changed:
        empty = {"unit_id": data["unit_id"], "project_id": data["project_id"], **dict.fromkeys(facts)}
        units.setdefault(data["unit_id"], empty).update(changed)


def known(units: dict[str, _Unit], facts: Collection[str]) -> dict[str, _Unit]:
    """Without the units of which nothing is known any more."""
    return {unit_id: unit for unit_id, unit in units.items() if any(unit[fact] is not None for fact in facts)}


def recount(messages: Iterable[Message], facts: Collection[str]) -> dict[str, _Unit]:
    units: dict[str, _Unit] = {}
    for message in messages:
        note(units, message.type, json.loads(message.payload or b"{}"), facts)
    return known(units, facts)

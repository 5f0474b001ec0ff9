"""A recount from the events alone: totals, signed and reached on each basis, live numbers, the stage of each unit.

Knows EVENTS.md and docs/domain.md, and imports nothing of ours, on purpose. It recounts all events each time.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

BASES = ("units", "households", "right_holders", "area")
# The last event of an agreement names its state; a case opened or a unit registered says nothing of one.
_AGREEMENT = {
    "drafted": "drafted", "revised": "drafted", "unlocked": "drafted", "reviewed": "reviewed", "returned": "returned",
    "locked": "locked", "preregistered": "pre_registered", "superseded": "superseded", "signed": "signed",
    "effective": "effective", "performed": "performed", "rescinded": "rescinded", "void": "void",
}  # fmt: skip
_STAGE = {
    "effective": "effective", "performed": "effective", "signed": "signed", "rescinded": "rescinded", "void": "void",
    "pre_registered": "pre_registered", "locked": "ready", "drafted": "negotiating", "reviewed": "negotiating",
}  # fmt: skip
SIGNED = ("signed", "effective", "performed")


@dataclass(frozen=True)
class Recount:
    """By basis, area in 0.01 m²; `live` by series; `stages` by unit. `percent` and `reached` for the bases that must be reached."""

    rule: str
    percent: Mapping[str, int]
    total: Mapping[str, int]
    signed: Mapping[str, int]
    live: Mapping[str, int]
    stages: Mapping[str, str]
    called: bool

    @property
    def reached(self) -> dict[str, bool]:
        return {name: self.signed[name] * 100 >= self.total[name] * least for name, least in self.percent.items()}


def of(events: Iterable[tuple[str, Mapping[str, Any]]], project_id: str) -> Recount:
    """`events` are (type, payload), those of one unit in their order; the rest in any."""
    project: Mapping[str, Any] = {}
    called, roll, by_unit = False, {}, defaultdict[str, list[tuple[str, Mapping[str, Any]]]](list)
    for kind, payload in events:
        if payload.get("project_id") != project_id:
            continue
        what = kind.split(".", 2)[2].removesuffix(".v1")
        if what == "project.opened":
            project = payload
        elif what == "threshold.reached":
            called = True
        elif what == "unit.registered" and not payload.get("after_freeze"):
            roll[payload["unit_id"]] = payload
        elif kind.startswith("clearwater.signing.") and "unit_id" in payload:
            by_unit[payload["unit_id"]].append((what, payload))
    facts = {unit: _facts(by_unit[unit]) for unit in roll}
    signed = {unit for unit, (_, agreement, _) in facts.items() if agreement in SIGNED}
    rule = project.get("counting_rule") or "all_units_signed"
    return Recount(
        rule,
        {basis["basis"]: basis["percent"] for basis in project["bases"]},
        _count(roll, set(roll), rule),
        _count(roll, signed, rule),
        Counter(series for unit, (_, _, series) in facts.items() if unit in signed),
        {unit: stage(rights, agreement) for unit, (rights, agreement, _) in facts.items()},
        called,
    )


def _facts(history: Iterable[tuple[str, Mapping[str, Any]]]) -> tuple[str, str, str]:
    rights, agreement, series = "", "", ""
    for what, payload in history:
        about, _, verb = what.partition(".")
        if about == "rights":
            rights = verb
        elif about == "agreement":
            agreement, series = _AGREEMENT[verb], payload.get("series", series)
    return rights, agreement, series


def stage(rights: str, agreement: str) -> str:
    """The facets of docs/domain.md, as far as rights and agreements go."""
    return _STAGE.get(agreement) or ("rights_confirmed" if rights == "confirmed" else "registered")


def _count(roll: Mapping[str, Mapping[str, Any]], units: set[str], rule: str) -> dict[str, int]:
    of_household, of_person = defaultdict(set), defaultdict(set)
    for unit, payload in roll.items():
        of_household[payload["household_id"]].add(unit)
        for holder in payload["right_holders"]:
            of_person[holder["person_id"]].add(unit)
    some = rule == "any_unit_signed"
    counted = {
        "units": len(units),
        "households": sum(own <= units for own in of_household.values()),
        "right_holders": sum(bool(own & units) if some else own <= units for own in of_person.values()),
        "area": sum(roll[unit]["area_hundredths_m2"] for unit in units),
    }
    return {name: counted[name] for name in BASES}

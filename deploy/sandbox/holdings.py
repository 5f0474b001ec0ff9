"""What the subscriber says that it holds: the one thing that it implements for the test alone.

    GET address, or a file    {"<unit_id>": {"status": "signed", "applied": 7}, …}

`status`: of the agreement, as in the snapshot (docs/how-to/subscribe.md, section 5). `applied`: how many events of the unit it has applied
since it began, or since its last snapshot; a subscriber that does not count leaves it out, and doubles are not observed.
"""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from deploy.sandbox.story import Held

Units = Mapping[str, Mapping[str, Any]]
_EVERY_SECONDS = 0.1


class Unreadable(Exception):  # noqa: N818 - it is a finding about the subscriber
    """The subscriber's state cannot be read; the words say why."""


class Holdings:
    """`source`: an address, or a file; empty: the subscriber does not say. `patience`: seconds for what it applies after its answer."""

    def __init__(self, source: str, *, patience: float) -> None:
        self.source, self.patience = source, patience

    def settled(self, expected: Mapping[str, Held]) -> Units:
        """What it holds as soon as that is as expected, at the latest when the patience is over. Raises Unreadable."""
        until = time.monotonic() + self.patience
        while True:
            try:
                units = self._read()
            except Unreadable:
                if time.monotonic() >= until:
                    raise
                units = None
            if units is not None and (not faults(units, expected) or time.monotonic() >= until):
                return units
            time.sleep(_EVERY_SECONDS)

    def _read(self) -> Units:
        try:
            if "://" in self.source:
                found = httpx.get(self.source, timeout=5, trust_env=False).raise_for_status().json()
            else:
                found = json.loads(Path(self.source).read_text(encoding="utf-8"))
        except (httpx.HTTPError, OSError, ValueError) as failure:
            raise Unreadable(f"{self.source} cannot be read: {failure}") from failure
        if not isinstance(found, dict) or not all(isinstance(unit, dict) for unit in found.values()):
            raise Unreadable(f"{self.source} is not an object of units.")
        return found


def faults(units: Units, expected: Mapping[str, Held]) -> list[str]:
    return [
        fault
        for unit in expected
        for fault in (status_fault(units, unit, expected), count_fault(units, unit, expected))
        if fault
    ]


def status_fault(units: Units, unit: str, expected: Mapping[str, Held]) -> str:
    wanted = expected[unit].status
    if unit not in units and wanted is not None:
        return f"It does not know unit {unit}; expected {wanted}."
    status = units.get(unit, {}).get("status")
    return "" if status == wanted else f"Unit {unit} is {status}; expected {wanted}."


def count_fault(units: Units, unit: str, expected: Mapping[str, Held]) -> str:
    """Empty, too, where the subscriber does not count."""
    applied, wanted = units.get(unit, {}).get("applied"), expected[unit].applied
    return "" if applied in (None, wanted) else f"Unit {unit}: {applied} events applied; expected {wanted}."


Fault = Callable[[Units, str, Mapping[str, Held]], str]

"""Near the end of every consumer transaction: gives the changes on the screens a feed number.

An entry says which units of which project changed, not their new state: the live stream reads the state from the model, in the snapshot
whose number it sends. So an entry never goes stale, and a poll of 500 events gives one entry per project.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from services.reporting.store import feed
from shared.messaging.reactions import Received
from shared.service.database import Transaction
from shared.telemetry import spans, tracing

MOST_UNITS: Final = 200  # above this, a screen reloads
MOST_TRACES: Final = 50


def append(tx: Transaction, applied: Sequence[Received[Any]]) -> dict[UUID | None, int]:
    """`applied`: what changed a screen in this transaction. Returns each project's feed number."""
    changed: dict[UUID | None, set[UUID]] = defaultdict(set)
    traces: dict[UUID | None, set[str]] = defaultdict(set)
    for it in applied:
        units = changed[project_of(it)]
        if unit_id := getattr(it.event, "unit_id", None):
            units.add(unit_id)
        traces[project_of(it)].add(tracing.well_formed(it.message.headers.get("traceparent")))
    projects = sorted(changed.items(), key=str)
    last = feed.append(tx, [_entry(project_id, units, traces[project_id]) for project_id, units in projects])
    first = last - len(projects) + 1
    return {project_id: number for number, (project_id, _) in enumerate(projects, first)}


def project_of(it: Received[Any]) -> UUID | None:
    """None for what concerns the whole district."""
    found: UUID | None = getattr(it.event, "project_id", None)
    return found


def _entry(project_id: UUID | None, units: set[UUID], traces: set[str]) -> feed.Entry:
    named = sorted(map(str, units)) if len(units) <= MOST_UNITS else None
    body: dict[str, Any] = {"project_id": str(project_id) if project_id else None, "units": named}
    if spans.on():  # the live stream's spans belong to the traces of what it shows
        body["traces"] = sorted(traces - {""})[:MOST_TRACES]
    return feed.Entry("changed", body)

"""Carries a project's decision to its cases, a batch at a time: effect after a declaration, void after a period without the threshold.

Invariant: the agreements themselves show what is settled. So a crash between two batches loses and repeats nothing, and agreements that a
command settled first (settle_first) need no more work.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.signing.commands.counting import count_undone
from services.signing.domain import effect
from services.signing.domain.agreement import LAPSED, Agreement
from services.signing.domain.project import Project
from services.signing.store import agreements, cases, numbers, project_feed, projects
from shared.events.contract import Event
from shared.service.database import Transaction


@dataclass(frozen=True)
class SettleAgreements:
    project_id: UUID
    batch: int = 200


def settle_agreements(tx: Transaction, command: SettleAgreements) -> int:
    """Returns how many it settled; 0 when none is left."""
    waiting = agreements.signed_of(tx, command.project_id, limit=command.batch)
    if not waiting:
        return 0
    cases.lock_units(tx, [unit_id for unit_id, _ in waiting])
    loaded = agreements.load_many(tx, [agreement_id for _, agreement_id in waiting])
    project = projects.lock(tx, command.project_id)
    events = _settle(tx, project, loaded)
    tx.record(*events)
    return len(events)


def settle_first(tx: Transaction, unit_ids: Collection[UUID]) -> list[Event]:
    """Applies the decisions of projects to cases that the caller has locked, before the caller changes them.

    It takes the projects' locks even without a decision, so that a concurrent declaration comes wholly before or wholly after. Read the
    clock after this. The caller writes the returned events before its own.
    """
    signed_on = agreements.signed_on(tx, unit_ids)
    signed = agreements.load_many(tx, signed_on) if signed_on else []
    of_project = {
        project_id: [agreement for agreement in signed if agreement.project_id == project_id]
        for project_id in _projects(signed)
    }
    return [
        event for project_id, ours in of_project.items() for event in _settle(tx, projects.lock(tx, project_id), ours)
    ]


def _settle(tx: Transaction, project: Project, loaded: Sequence[Agreement]) -> list[Event]:
    """One event for each agreement that it changes."""
    settled = [agreement for agreement in loaded if effect.settle(agreement, project)]
    for agreement in settled:
        agreements.save(tx, agreement)
    project_feed.add_effective(tx, settled)
    void = [agreement for agreement in settled if agreement.state == "void"]
    if void and project.closing:
        _take_back(tx, project, void, at=project.closing.closed_at)
    return [event for agreement in settled for event in agreement.recorded]


def _take_back(tx: Transaction, project: Project, void: Sequence[Agreement], *, at: datetime) -> None:
    """Detaches their numbers at the instant of the closing; they no longer count."""
    for agreement in void:
        numbers.detach(tx, agreement.agreement_id, reason=LAPSED, by="signing", at=at)
    count_undone(tx, project, void, at=at)


def _projects(loaded: Sequence[Agreement]) -> list[UUID]:
    """In the global lock order."""
    return sorted({agreement.project_id for agreement in loaded})

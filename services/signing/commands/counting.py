"""The one sequence by which a count changes: the roll, the project with its latch, and the project's feed."""

from collections.abc import Sequence
from datetime import datetime

from services.signing.domain.agreement import Agreement
from services.signing.domain.project import Project
from services.signing.domain.threshold import Counts
from services.signing.store import project_feed, projects, roll
from shared.service.database import Transaction


def count_signed(tx: Transaction, project: Project, agreement: Agreement, change: Counts, *, at: datetime) -> None:
    """`change`: what the roll has given (places.take). Call it under the project's lock. May set the latch."""
    _count(tx, project, [(agreement, change)], "signed", at=at)


def count_undone(tx: Transaction, project: Project, undone: Sequence[Agreement], *, at: datetime) -> None:
    """The same for agreements that are rescinded or void. Call it under the project's lock."""
    changes = [
        (agreement, roll.count(tx, project_id=project.project_id, unit_id=agreement.unit_id, signed=False))
        for agreement in undone
    ]
    _count(tx, project, changes, "undone", at=at)


def _count(
    tx: Transaction,
    project: Project,
    changes: Sequence[tuple[Agreement, Counts]],
    fact: project_feed.Fact,
    *,
    at: datetime,
) -> None:
    for _, change in changes:
        project.count(change, at=at)
    projects.save(tx, project)
    for agreement, change in changes:
        project_feed.add(tx, agreement, fact, change, at=at)

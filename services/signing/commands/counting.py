"""The one sequence by which a count goes back: the roll, the project, and the project's feed. A signing's: store/places.py."""

from collections.abc import Sequence
from datetime import datetime

from services.signing.domain.agreement import Agreement
from services.signing.domain.project import Project
from services.signing.store import project_feed, projects, roll
from shared.service.database import Transaction


def count_undone(tx: Transaction, project: Project, undone: Sequence[Agreement], *, at: datetime) -> None:
    """Call it under the project's lock."""
    changes = [
        (agreement, roll.count(tx, project_id=project.project_id, unit_id=agreement.unit_id, signed=False))
        for agreement in undone
    ]
    for _, change in changes:
        project.count(change, at=at)
    projects.save(tx, project)
    for agreement, change in changes:
        project_feed.add(tx, agreement, "undone", change, at=at)

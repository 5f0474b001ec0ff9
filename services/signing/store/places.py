"""What the signature that completes an agreement takes: the locks of the project and the series, a number, its instant, and the count.

Invariant: both locks are taken last, in this order, in one round trip; the clock is read under them. All desks of a project queue here
until the holder has committed, so nothing is done under these locks that can be done before them (decision 28).
"""

from typing import NamedTuple

from services.signing.domain.agreement import Agreement, Turn
from services.signing.domain.project import Project
from services.signing.domain.threshold import Counts
from services.signing.store import instants, numbers, pipeline, projects, roll
from shared.service.clock import Clock
from shared.service.database import Transaction


class Place(NamedTuple):
    """`change`: by how much the signing raises the count. The unit is marked as signed on the roll already."""

    project: Project
    turn: Turn
    change: Counts


def take(tx: Transaction, agreement: Agreement, clock: Clock) -> Place:
    """Raises Refused: project-unknown, clock-jumped."""
    project_id, series = agreement.project_id, agreement.series
    _, numbered, found, changed = pipeline.together(
        tx,
        projects.counting(project_id),
        numbers.locking(project_id, series),
        projects.reading(project_id),
        roll.counting(project_id, agreement.unit_id, signed=True),
    )
    project = projects.read(found)
    last, last_at = numbers.read(tx, numbered, project_id, series)
    at = instants.next_one(tx, clock, last_at, agreement.last_at, database_at=found[0].database_at)
    return Place(project, Turn(last + 1, at), roll.read_change(changed))

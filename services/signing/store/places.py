"""What a signature reads and takes: its case and agreement; and, if it completes the agreement, the locks of the project and the series,
a number, its instant, and the count.

Invariant: these two locks are taken last, in this order, in one round trip; the clock is read under them. All desks of a project queue
here until the holder has committed, so nothing is done under these locks that can be done before them (decision 28). A statement costs
the API and the database more than what it does, so what can be one statement is one.
"""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from services.signing.domain.agreement import Agreement, Turn
from services.signing.domain.case import Case
from services.signing.domain.project import Project
from services.signing.domain.threshold import Counts
from services.signing.store import agreements, cases, instants, numbers, pipeline, project_feed, projects, roll
from services.signing.store.pipeline import Query
from shared.service.clock import Clock
from shared.service.database import Transaction

# A statement of its own: joined with the series' lock, the database need not look at the project where the series has no row yet.
_LOCK = text("select from projects where project_id = :project_id for no key update")
# After the locks, so that it sees what was decided before.
_TAKE = text(f"with {roll.CHANGE} {projects.PROJECT.format(f', {roll.CHANGED}')}")
_FILL = text(f"""
    with {numbers.TAKE}, counted_on as ({projects.SAVE}), fed as ({project_feed.ADD}), {agreements.SIGN}
""")


class Signable(NamedTuple):
    """`capable`: whether the hand is."""

    case: Case
    capable: bool
    agreement: Agreement


class Place(NamedTuple):
    """`change`: by how much the signing raises the count. The unit is marked as signed on the roll already."""

    project: Project
    turn: Turn
    change: Counts


def opened(tx: Transaction, agreement_id: UUID, *, hand: UUID) -> Signable:
    """Locks the case and then the agreement. Raises Refused: agreement-unknown."""
    queries = (*cases.locking_signable(agreement_id, hand=hand), agreements.loading(agreement_id))
    case, holders, agreement = pipeline.together(tx, *queries)
    return Signable(*cases.read_signable(case, holders), agreements.read_one(agreement))


def take(tx: Transaction, agreement: Agreement, clock: Clock) -> Place:
    """Raises Refused: project-unknown, clock-jumped."""
    project_id, series = agreement.project_id, agreement.series
    _, numbered, found = pipeline.together(
        tx,
        Query(_LOCK, {"project_id": project_id}),
        numbers.locking(project_id, series),
        taking(project_id, agreement.unit_id),
    )
    project = projects.read(found)
    last, last_at = numbers.read(tx, numbered, project_id, series)
    at = instants.next_one(tx, clock, last_at, agreement.last_at, database_at=found[0].database_at)
    return Place(project, Turn(last + 1, at), roll.read_change(found))


def taking(project_id: UUID, unit_id: UUID) -> Query:
    """The project with the database's clock, and the change of the count by signing this unit, which it marks."""
    return Query(_TAKE, {"project_id": project_id, "unit_id": unit_id, "signed": True})


def fill(tx: Transaction, place: Place, agreement: Agreement) -> None:
    """Writes the signing: number, count, feed, agreement and signature; what follows once in the project; and the effect."""
    number = {"series": agreement.series, "number": place.turn.number}
    fact = project_feed.row(tx, agreement, "signed", place.change, at=place.turn.signed_at)
    tx.write(_FILL, {**projects.saved_row(place.project), **fact, **agreements.signed_row(tx, agreement), **number})
    agreement.version += 1
    projects.saved(tx, place.project)
    project_feed.add_effective(tx, [agreement])

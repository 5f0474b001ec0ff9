"""Copies a frozen roll once our own units give its digest, and counts everybody who has signed by then."""

from dataclasses import dataclass
from uuid import UUID

from services.signing.store import projects, roll
from shared.messaging import journal
from shared.service.clock import Clock
from shared.service.database import Transaction


@dataclass(frozen=True)
class MatchRoll:
    project_id: UUID


def match_roll(tx: Transaction, command: MatchRoll, clock: Clock) -> bool:
    """False while units are still missing. Under the project's lock, so no signing slips between the count and the copy."""
    project = projects.lock(tx, command.project_id)
    matched = roll.match(tx, command.project_id)
    if matched is None:
        return False
    project.total, project.signed = matched
    project.evaluate(at=clock.now())
    projects.save(tx, project)
    journal.write(tx, project.recorded)
    return True

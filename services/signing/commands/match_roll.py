"""Copies a frozen roll that our own units have proved, and counts everybody who has signed by then."""

from dataclasses import dataclass
from uuid import UUID

from services.signing.store import counted, instants, projects, roll
from services.signing.store.roll import Proof
from shared.messaging import journal
from shared.service.clock import Clock
from shared.service.database import Transaction


@dataclass(frozen=True)
class MatchRoll:
    project_id: UUID
    proof: Proof


def match_roll(tx: Transaction, command: MatchRoll, clock: Clock) -> bool:
    """False when there is nothing to do any more. Under the project's lock, so no signing slips between the count and the copy.
    Raises Refused: clock-jumped, since a latch that falls with it orders a declaration.

    No case is locked, as cases come before projects in the one order; what has changed in them since the proof is not of this roll.
    """
    project = projects.lock(tx, command.project_id)
    at = instants.next_one(tx, clock)
    matched = roll.copy(tx, command.project_id, command.proof, rule=project.counting_rule, at=at)
    if matched is None:
        return False
    project.total, project.signed = matched
    project.evaluate(at=at)
    projects.save(tx, project)
    counted.add_matched(tx, project.project_id, project.signed, at=at)
    journal.write(tx, project.recorded)
    return True

"""Copies a frozen roll whose digest our own units give, and counts all existing signings."""

from dataclasses import dataclass
from uuid import UUID

from services.signing.store import instants, project_feed, projects, roll
from services.signing.store.roll import Proof
from shared.service.clock import Clock
from shared.service.database import Transaction


@dataclass(frozen=True)
class MatchRoll:
    project_id: UUID
    proof: Proof


def match_roll(tx: Transaction, command: MatchRoll, clock: Clock) -> bool:
    """False when nothing is left to do. Runs under the project's lock, so no signing can come between the copy and the count.
    Raises Refused: clock-jumped, since a latch that falls with it orders a declaration.

    It locks no case, because cases come before projects in the lock order. Changes of cases since the proof are not part of this roll.
    """
    project = projects.lock(tx, command.project_id)
    at = instants.next_one(tx, clock)
    matched = roll.copy(tx, command.project_id, command.proof, rule=project.counting_rule, at=at)
    if matched is None:
        return False
    project.total, project.signed = matched
    project.evaluate(at=at)
    projects.save(tx, project)
    project_feed.add_matched(tx, project.project_id, project.signed, at=at)
    tx.record(*project.recorded)
    return True

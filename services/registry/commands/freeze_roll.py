"""Freezes the roll of a project: the four denominators of its rates, and their digest."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.registry.store import projects, units
from shared.events import roll
from shared.events.registry import RollFrozen
from shared.refusal import Refused
from shared.service.database import Transaction


@dataclass(frozen=True)
class FreezeRoll:
    project_id: UUID
    by: str
    at: datetime


def freeze_roll(tx: Transaction, command: FreezeRoll) -> RollFrozen:
    """Raises Unknown; Refused: roll-frozen, roll-empty."""
    projects.lock(tx, command.project_id)
    projects.refuse_when_frozen(tx, command.project_id)
    lines = units.roll(tx, command.project_id)
    if not lines:
        raise Refused("roll-empty")
    frozen = RollFrozen(
        project_id=command.project_id, totals=roll.totals(lines), digest=roll.digest(lines), frozen_at=command.at
    )
    projects.freeze(tx, frozen, by=command.by)
    return frozen

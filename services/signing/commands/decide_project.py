"""Decisions of a whole project: effect declared, period closed. Each is one row; the cases follow (settle_agreements.py)."""

from dataclasses import dataclass
from uuid import UUID

from services.signing.domain.project import Project
from services.signing.store import instants, projects
from shared.service.clock import Clock
from shared.service.database import Transaction


@dataclass(frozen=True)
class DeclareEffect:
    project_id: UUID
    document_number: str
    by: str


@dataclass(frozen=True)
class ClosePeriod:
    project_id: UUID
    by: str


def declare_effect(tx: Transaction, command: DeclareEffect, clock: Clock) -> Project:
    """Raises Refused: project-unknown, threshold-not-reached, effect-already-declared."""
    project = projects.lock(tx, command.project_id)
    project.declare(command.document_number, at=instants.next_one(tx, clock), by=command.by)
    return _saved(tx, project)


def close_period(tx: Transaction, command: ClosePeriod, clock: Clock) -> Project:
    """Raises Refused: project-unknown, period-still-open, roll-not-frozen."""
    project = projects.lock(tx, command.project_id)
    project.close(at=instants.next_one(tx, clock), by=command.by)
    return _saved(tx, project)


def _saved(tx: Transaction, project: Project) -> Project:
    """Saves the project if the act changed it. A repeated act changes nothing and keeps the stored version."""
    if project.recorded:
        projects.save(tx, project)
        tx.record(*project.recorded)
    return project

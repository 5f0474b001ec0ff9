"""Records a request for a readable export before any row is read. The record is permanent."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.registry.store import exports
from shared.service.database import Transaction


@dataclass(frozen=True)
class ExportRegister:
    project_id: UUID
    reason: str
    subject: str
    roles: tuple[str, ...]
    at: datetime


def export_register(tx: Transaction, command: ExportRegister) -> UUID:
    """Raises Unknown."""
    seen = {"subject": command.subject, "roles": list(command.roles), "reason": command.reason, "at": command.at}
    return exports.add(tx, command.project_id, seen)

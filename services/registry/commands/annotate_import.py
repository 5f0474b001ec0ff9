"""Records that somebody receives the uploaded rows, readable, before the file is opened. The record is permanent.

Invariant: whoever uploaded the file may have it back without a reason, since it is their own. Anybody else gives one.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.registry.domain.imports import Import
from services.registry.store import annotations, imports
from shared.refusal import Refused
from shared.service.database import Transaction


@dataclass(frozen=True)
class AnnotateImport:
    import_id: UUID
    reason: str | None
    subject: str
    roles: tuple[str, ...]
    at: datetime


def annotate_import(tx: Transaction, command: AnnotateImport) -> Import:
    """Raises Unknown; Refused: import-file-gone, import-not-faulty, import-of-another."""
    it = imports.load(tx, command.import_id)
    it.annotate()
    if command.reason is None and annotations.uploaded_by(tx, command.import_id) != command.subject:
        raise Refused("import-of-another")
    seen = {"subject": command.subject, "roles": list(command.roles), "reason": command.reason, "at": command.at}
    annotations.add(tx, command.import_id, seen)
    return it

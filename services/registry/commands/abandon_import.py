"""Abandons an import that is not committed: deletes the file and its key, so that backups cannot be read either."""

from datetime import datetime
from uuid import UUID

from services.registry.domain.act import Act
from services.registry.store import acts, imports
from shared.service.database import Transaction


def abandon_import(tx: Transaction, import_id: UUID, *, by: str, at: datetime) -> None:
    """Raises Unknown; Refused import-not-ready while the worker processes it, and after the commit."""
    it = imports.load(tx, import_id)
    before = it.state
    it.abandon()
    imports.save(tx, it)
    imports.destroy_all(tx, import_id)
    if it.state != before:
        acts.record(tx, Act("import-abandoned", by, at, it.project_id, import_id))

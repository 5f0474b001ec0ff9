"""Abandons an import that is not committed: deletes the file and its key, so that backups cannot be read either."""

from uuid import UUID

from services.registry.store import imports
from shared.service.database import Transaction


def abandon_import(tx: Transaction, import_id: UUID) -> None:
    """Raises Unknown; Refused import-not-ready while the worker processes it, and after the commit."""
    it = imports.load(tx, import_id)
    it.abandon()
    imports.save(tx, it)
    imports.destroy_all(tx, import_id)

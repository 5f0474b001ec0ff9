"""A clerk gives up an import that is not in the register: nothing of the file remains, and with its key goes what a backup holds of it."""

from uuid import UUID

from services.registry.store import imports
from shared.service.database import Transaction


def abandon_import(tx: Transaction, import_id: UUID) -> None:
    """Raises Unknown; Refused import-not-ready while the worker is at it, and once it is committed."""
    it = imports.load(tx, import_id)
    it.abandon()
    imports.save(tx, it)
    imports.destroy_all(tx, import_id)

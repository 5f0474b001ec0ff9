"""The dry run: counts all mistakes and computes what the import would change."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.registry.commands.commit_import import found_in, renewed_in
from services.registry.store import imports
from services.registry.store.progress import Report
from services.registry.store.vault import Vault
from shared.service.database import Transaction


@dataclass(frozen=True)
class CheckImport:
    import_id: UUID
    at: datetime


def check_import(tx: Transaction, vault: Vault, command: CheckImport, *, report: Report) -> None:
    it = imports.load(tx, command.import_id)
    it.move("checking")
    found_in(tx, vault, it, report=report)
    counted = imports.checked(tx, it.import_id, at=command.at)
    if not counted.faults:
        imports.found_contacts(tx, it.import_id, renewed_in(tx, vault, it))
    it.move("faulty" if counted.faults else "clean")
    imports.save(tx, it)

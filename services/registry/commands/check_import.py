"""The dry run: all mistakes counted, and what the import would change."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.registry.store import checks, imports
from services.registry.store.progress import Told
from shared.service.database import Transaction


@dataclass(frozen=True)
class CheckImport:
    import_id: UUID
    at: datetime


def check_import(tx: Transaction, command: CheckImport, *, told: Told) -> None:
    it = imports.load(tx, command.import_id)
    it.move("checking")
    checks.run(tx, it.import_id, it.project_id, told=told)
    counted = imports.checked(tx, it.import_id, at=command.at)
    it.move("faulty" if counted.faults else "clean")
    imports.save(tx, it)

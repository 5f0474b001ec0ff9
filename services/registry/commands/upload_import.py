"""Takes an uploaded workbook or csv. Quick checks refuse it at once; the worker does the rest."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import IO
from uuid import UUID

from uuid_utils.compat import uuid7

from services.registry.gateways import uploads
from services.registry.store import imports, projects
from services.registry.store.vault import Vault
from shared.service.database import Transaction

_CHUNK = 1024 * 1024


@dataclass(frozen=True)
class UploadImport:
    project_id: UUID
    file: IO[bytes]
    file_name: str
    by: str
    at: datetime


def upload_import(tx: Transaction, vault: Vault, command: UploadImport) -> UUID:
    """Raises Unknown; Refused: roll-frozen, and what uploads.inspect raises."""
    projects.lock(tx, command.project_id)
    projects.refuse_when_frozen(tx, command.project_id)
    uploads.inspect(command.file, name=command.file_name)
    import_id = uuid7()
    key, wrapped = vault.new_key(import_id)
    digest = hashlib.sha256()
    while content := command.file.read(_CHUNK):
        digest.update(content)
    size = command.file.tell()
    values = {
        "import_id": import_id,
        "project_id": command.project_id,
        "file_name": command.file_name,
        "file_bytes": size,
        "file_digest": digest.hexdigest(),
        "key_id": key.key_id,
        "wrapped_key": wrapped,
        "by": command.by,
        "at": command.at,
    }
    imports.add(tx, values)
    command.file.seek(0)
    imports.keep_file(tx, import_id, command.file, key)
    return import_id

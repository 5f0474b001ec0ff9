"""Imports: state, sealed file and staged lines."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import IO, Any, NamedTuple, cast
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from services.registry.domain.cells import Fault
from services.registry.domain.imports import Import
from services.registry.domain.template import BUILDINGS
from services.registry.store import columns
from services.registry.store import vault as sealed
from services.registry.store.columns import BUILDING_NAMES
from services.registry.store.vault import Chunk, Vault
from shared.messaging.sealing import DataKey
from shared.refusal import Refused, Unknown
from shared.service import database
from shared.service.database import Transaction

_PART_BYTES = 1024 * 1024
_IN_MEMORY = 8 * 1024 * 1024

_ADD = text("""
    insert into imports (import_id, district, project_id, state, file_name, file_bytes, file_digest, key_id, wrapped_key,
                         uploaded_by, uploaded_at)
    values (:import_id, :district, :project_id, 'uploaded', :file_name, :file_bytes, :file_digest, :key_id, :wrapped_key, :by, :at)
""")
_LOAD = text("""
    select import_id, project_id, state, file_name, key_id, wrapped_key from imports
    where import_id = :import_id and district = :district for update
""")
_STATE = text("update imports set state = :state, version = version + 1 where import_id = :import_id")
_READ = text("update imports set rows_read = :rows_read where import_id = :import_id")
_REFUSED = text("update imports set refusal = cast(:refusal as jsonb) where import_id = :import_id")
_CHECKED = text("""
    update imports set checked_at = :at,
        units = (select count(distinct unit_code) from import_lines where import_id = :import_id),
        faults = (select count(*) from import_faults where import_id = :import_id),
        fault_counts = coalesce((select jsonb_object_agg(code, counted) from (
            select code, count(*) as counted from import_faults where import_id = :import_id group by code) as by_code), '{}'),
        changes = (select jsonb_build_object('new', count(*) filter (where change = 'new'),
            'changed', count(*) filter (where change = 'changed'), 'unchanged', count(*) filter (where change = 'unchanged'))
            from import_units where import_id = :import_id)
    where import_id = :import_id returning faults, units, (select count(*) from import_lines where import_id = :import_id)
""")
_CONTACTS_SHOWN = text("select coalesce(contacts_changed, 0) from imports where import_id = :import_id")
_CONTACTS = text("update imports set contacts_changed = :contacts where import_id = :import_id")
_COMMITTED = text("update imports set committed_at = :at where import_id = :import_id")
_WITHOUT_KEY = text("update imports set wrapped_key = null where import_id = :import_id")
_WITHOUT_NAME = text("""
    update imports set file_name = '', file_digest = '',
        refusal = case when refusal is not null then jsonb_build_object('code', refusal -> 'code', 'facts', jsonb_build_object()) end
    where import_id = :import_id
""")
# The stored response to the upload, kept for idempotent retries, contains the file's name.
_ANSWERS_WITHOUT_NAME = text("""
    update idempotent_answers
    set body = convert_to((convert_from(body, 'UTF8')::jsonb || jsonb_build_object('file_name', ''))::text, 'UTF8')
    where district = :district and lower(route) like '%/imports%' and position(convert_to(:import_id, 'UTF8') in body) > 0
""")
_PART = text("""
    insert into import_parts (import_id, place, district, nonce, ciphertext) values (:import_id, :place, :district, :nonce, :ciphertext)
""")
_PARTS = text("select nonce, ciphertext from import_parts where import_id = :import_id and place = :place")
_LINE = text("""
    insert into import_lines (import_id, row, district, unit_code, content, holder, document_mark, name_mark, guardian_mark,
                              guardian_name_mark, sealed)
    values (:import_id, :row, :district, :unit_code, cast(:content as jsonb), cast(:holder as jsonb), :document_mark, :name_mark,
            :guardian_mark, :guardian_name_mark, :sealed)
""")
_BUILDING = text(f"""
    insert into import_buildings (import_id, row, district, {BUILDING_NAMES})
    values (:import_id, :row, :district, {columns.parameters(BUILDINGS)})
""")  # noqa: S608 - parts of ours
_FAULT = text("""
    insert into import_faults (import_id, sheet, row, column_name, code, district)
    values (:import_id, :sheet, :row, :column_name, :code, :district) on conflict do nothing
""")
_SEALED_LINES = text("""
    select row, sealed from import_lines where import_id = :import_id and row > :after order by row limit :batch
""")
_ANALYZE = text("analyze import_lines, import_buildings, import_units, people, units, doors")
_STAGED = ("import_lines", "import_buildings", "import_units", "import_faults")


class Counted(NamedTuple):
    faults: int
    units: int
    lines: int


def add(tx: Transaction, values: dict[str, Any]) -> None:
    tx.connection.execute(_ADD, {**values, "district": tx.district})


def load(tx: Transaction, import_id: UUID) -> Import:
    """Locked until the commit. Raises Unknown."""
    row = tx.connection.execute(_LOAD, {"import_id": import_id, "district": tx.district}).one_or_none()
    if row is None:
        raise Unknown
    return Import(**row._asdict())


def save(tx: Transaction, it: Import) -> None:
    tx.connection.execute(_STATE, {"import_id": it.import_id, "state": it.state})


def refuse(tx: Transaction, import_id: UUID, code: str, facts: dict[str, object]) -> None:
    refusal = json.dumps({"code": code, "facts": facts}, ensure_ascii=False, default=str)
    tx.connection.execute(_REFUSED, {"import_id": import_id, "refusal": refusal})


def checked(tx: Transaction, import_id: UUID, *, at: datetime) -> Counted:
    """Counts the faults and changes."""
    return Counted(*tx.connection.execute(_CHECKED, {"import_id": import_id, "at": at}).one())


def found_contacts(tx: Transaction, import_id: UUID, contacts: int) -> None:
    """Records how many people have other contact data in the register."""
    tx.connection.execute(_CONTACTS, {"import_id": import_id, "contacts": contacts})


def contacts_shown(tx: Transaction, import_id: UUID) -> int:
    """What `found_contacts` has recorded."""
    return int(tx.connection.execute(_CONTACTS_SHOWN, {"import_id": import_id}).scalar_one())


def committed(tx: Transaction, import_id: UUID, *, at: datetime) -> None:
    """Marks the import as committed."""
    tx.connection.execute(_COMMITTED, {"import_id": import_id, "at": at})
    destroy_file(tx, import_id)


def destroy_file(tx: Transaction, import_id: UUID) -> None:
    """Deletes the file, its lines and its key; without the key, backups are unreadable."""
    tx.connection.execute(_WITHOUT_KEY, {"import_id": import_id})
    clear(tx, import_id, ("import_parts", "import_lines", "import_buildings"))


def destroy_all(tx: Transaction, import_id: UUID) -> None:
    """Deletes everything of the file: its lines, its name, and the cell for which it was refused."""
    destroy_file(tx, import_id)
    clear(tx, import_id)
    tx.connection.execute(_WITHOUT_NAME, {"import_id": import_id})
    tx.connection.execute(_ANSWERS_WITHOUT_NAME, {"district": tx.district, "import_id": str(import_id)})


def clear(tx: Transaction, import_id: UUID, tables: Sequence[str] = _STAGED) -> None:
    for table in tables:
        tx.connection.execute(text(f"delete from {table} where import_id = :import_id"), {"import_id": import_id})  # noqa: S608 - names of ours


def keep_file(tx: Transaction, import_id: UUID, file: IO[bytes], key: DataKey) -> None:
    place = 0
    while content := file.read(_PART_BYTES):
        chunk = sealed.seal_chunk(content, key=key, place=f"{import_id}/{place}")
        values = {"import_id": import_id, "place": place, "district": tx.district, "nonce": chunk.nonce}
        tx.connection.execute(_PART, {**values, "ciphertext": chunk.ciphertext})
        place += 1


@contextmanager
def opened_file(engine: Engine, vault: Vault, district: str, it: Import) -> Iterator[tuple[IO[bytes], DataKey]]:
    """The decrypted upload, in memory or in an unnamed file that is deleted after the block. Refused import-file-gone."""
    if it.wrapped_key is None:
        raise Refused("import-file-gone")
    key = vault.key(it.import_id, it.key_id, bytes(it.wrapped_key))
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
        with database.begin(engine, district=district) as tx:
            for part in _file_parts(tx, it.import_id, key):
                file.write(part)
        file.seek(0)
        yield cast("IO[bytes]", file), key


def _file_parts(tx: Transaction, import_id: UUID, key: DataKey) -> Iterator[bytes]:
    place = 0
    while row := tx.connection.execute(_PARTS, {"import_id": import_id, "place": place}).one_or_none():
        chunk = Chunk(bytes(row.nonce), bytes(row.ciphertext))
        yield sealed.open_chunk(chunk, key=key, place=f"{import_id}/{place}")
        place += 1


def analyze(connection: Connection) -> None:
    """Call it before the checks and before the commit: without statistics the planner takes 100,000 rows for three.

    It runs outside a transaction, because its lock would make the worker of another import wait.
    """
    connection.execute(_ANALYZE)


def add_lines(tx: Transaction, lines: Sequence[dict[str, Any]]) -> None:
    if lines:
        tx.connection.execute(_LINE, [{**line, "district": tx.district} for line in lines])


def add_buildings(tx: Transaction, buildings: Sequence[dict[str, Any]]) -> None:
    if buildings:
        tx.connection.execute(_BUILDING, [{**building, "district": tx.district} for building in buildings])


def add_faults(tx: Transaction, import_id: UUID, faults: Sequence[Fault]) -> None:
    place = {"import_id": import_id, "district": tx.district}
    rows = [
        {**place, "sheet": fault.sheet, "row": fault.row, "column_name": fault.column, "code": fault.code}
        for fault in faults
    ]
    if rows:
        tx.connection.execute(_FAULT, rows)


def progressed(tx: Transaction, import_id: UUID, *, rows_read: int) -> None:
    tx.connection.execute(_READ, {"import_id": import_id, "rows_read": rows_read})


def sealed_lines(tx: Transaction, import_id: UUID, *, batch: int = 500) -> Iterator[list[tuple[int, bytes]]]:
    """Batch by batch in the order of the sheet, so that memory stays flat."""
    after = 0
    while rows := tx.connection.execute(_SEALED_LINES, {"import_id": import_id, "after": after, "batch": batch}).all():
        yield [(row.row, bytes(row.sealed)) for row in rows]
        after = rows[-1].row

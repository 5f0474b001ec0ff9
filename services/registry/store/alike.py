"""Explains how two names under one document differ when they look the same, for the fault at the cell.

Invariant: names are opened in memory only, and a fault holds a code, never a character of a name.
"""

import json
from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

from sqlalchemy import text

from services.registry.domain import names
from services.registry.store import people
from services.registry.store import vault as sealed
from services.registry.store.vault import Vault
from shared.messaging.sealing import DataKey
from shared.service.database import Transaction

_MOST = 1_000  # as many as a report lists
# Each cell whose name differs; the first row with the same document; and the person registered under it.
_DIFFERING = text("""
    with named as (
        select row, 'name' as column_name, document_mark as mark, sealed from import_lines
        where import_id = :import_id and document_mark is not null
        union all
        select row, 'guardian_name', guardian_mark, sealed from import_lines
        where import_id = :import_id and guardian_mark is not null)
    select named.row, named.column_name, named.sealed, first.row as first_row, first.column_name as first_column,
        first.sealed as first_sealed, people.person_id
    from import_faults as fault join named using (row, column_name)
    cross join lateral (select * from named as other where other.mark = named.mark order by row, column_name desc limit 1) as first
    left join people on people.district = :district and people.document_mark = named.mark
    where fault.import_id = :import_id and fault.sheet = :sheet and fault.code = 'person-name-differs'
    order by named.row limit :most
""")
_EXPLAIN = text("""
    update import_faults set code = :code where import_id = :import_id and sheet = :sheet and row = :row
        and column_name = :column_name and code = 'person-name-differs'
""")
# The register has an old spelling, from before names were made canonical.
_TAKE_BACK = text("""
    delete from import_faults where import_id = :import_id and sheet = :sheet and row = :row and column_name = :column_name
        and code = 'person-name-differs'
""")
_IN_THE_FILE: Mapping[names.Alike, str] = {
    "signs": "person-name-alike-signs",
    "capitals": "person-name-alike-capitals",
    "variant": "person-name-alike-variant",
}
_IN_THE_REGISTER: Mapping[names.Alike, str] = {
    "signs": "person-name-registered-signs",
    "capitals": "person-name-registered-capitals",
    "variant": "person-name-registered-variant",
}


def explain_differences(tx: Transaction, vault: Vault, import_id: UUID, key: DataKey, *, sheet: str) -> None:
    """Call it after the checks. `key`: the key of the import."""
    place = {"import_id": import_id, "district": tx.district, "sheet": sheet, "most": _MOST}
    differing = tx.connection.execute(_DIFFERING, place).all()
    registered = people.opened(tx, vault, [row.person_id for row in differing if row.person_id])
    for row in differing:
        name = _name(import_id, key, row.row, row.column_name, row.sealed)
        known = registered.get(row.person_id)
        first = _name(import_id, key, row.first_row, row.first_column, row.first_sealed)
        cell = {**place, "row": row.row, "column_name": row.column_name}
        if known and name == known.name == first:
            tx.connection.execute(_TAKE_BACK, cell)
        elif code := (known and against_register(name, known.name)) or _against(name, first, _IN_THE_FILE):
            tx.connection.execute(_EXPLAIN, {**cell, "code": code})


def against_register(name: str, registered: str) -> str | None:
    """The code of the difference between two similar names; None when they are equal or do not look alike."""
    return _against(name, registered, _IN_THE_REGISTER)


def _against(name: str, other: str, codes: Mapping[names.Alike, str]) -> str | None:
    alike = None if name == other else names.alike(name, other)
    return codes[alike] if alike else None


def _name(import_id: UUID, key: DataKey, row: int, column: str, content: bytes) -> str:
    values: dict[str, Any] = json.loads(sealed.opened_line(bytes(content), key=key, import_id=import_id, row=row))
    return cast("str", values[column])

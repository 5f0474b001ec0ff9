"""Reads an uploaded file as a stream into staging: a thousand rows a transaction, and checks each cell.

Invariant: memory does not grow with the file. After an interruption the step starts again from the first row. A file that takes longer
than `_LONGEST_SECONDS` is refused, because the imports of all districts wait for it.
"""

import json
import time
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import IO, Any
from uuid import UUID

from sqlalchemy import Engine

from services.registry.domain import lines, person, shares, template
from services.registry.domain.cells import Fault, Value
from services.registry.domain.lines import Line
from services.registry.domain.template import BUILDINGS_SHEET, HOLDERS, HOLDERS_SHEET
from services.registry.gateways import uploads
from services.registry.gateways.workbook import Row
from services.registry.store import imports
from services.registry.store import vault as sealed
from services.registry.store.progress import Report
from services.registry.store.vault import Vault
from shared.messaging.sealing import DataKey
from shared.refusal import Refused
from shared.service import database

_BATCH = 1_000
_MOST_ROWS = 300_000
_LONGEST_SECONDS = 3_600  # to read one file; 300,000 rows take some minutes
_HOLDER = ("document_type", "share", "capacity")


@dataclass(frozen=True)
class StageImport:
    district: str
    import_id: UUID
    today: date


def stage_import(engine: Engine, vault: Vault, command: StageImport, *, report: Report) -> None:
    """Moves the import to `checking`, or to `refused` with the reason. Reports how many rows it has read."""
    with database.begin(engine, district=command.district) as tx:
        it = imports.load(tx, command.import_id)
        it.move("reading")
        imports.clear(tx, it.import_id)
        imports.save(tx, it)
    try:
        with imports.opened_file(engine, vault, command.district, it) as (file, key):
            _Staging(engine, vault, key, command, report).stage(file, it.file_name)
    except Refused as refusal:
        _moved(engine, command, "refused", refusal)
    else:
        _moved(engine, command, "checking", None)


def _moved(engine: Engine, command: StageImport, state: str, refusal: Refused | None) -> None:
    with database.begin(engine, district=command.district) as tx:
        it = imports.load(tx, command.import_id)
        it.move("refused" if state == "refused" else "checking")
        imports.save(tx, it)
        if refusal is not None:
            imports.refuse(tx, it.import_id, refusal.code, refusal.facts)


@dataclass
class _Staging:
    engine: Engine
    vault: Vault
    key: DataKey
    command: StageImport
    report: Report
    holders: list[dict[str, Any]] = field(default_factory=list)
    buildings: list[dict[str, Any]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    rows_read: int = 0
    rows_expected: int = 0
    began: float = field(default_factory=time.monotonic)

    def stage(self, file: IO[bytes], file_name: str) -> None:
        with uploads.reading(file, name=file_name) as book:
            self.rows_expected = book.rows_expected()
            self.report(0, self.rows_expected)
            for name, take in ((BUILDINGS_SHEET, self._building), (HOLDERS_SHEET, self._holder)):
                sheet = book.sheet(name)
                for row in sheet.rows():
                    self._take(name, row, take)
                self.faults += sheet.faults()
        if self.rows_read == 0:
            raise Refused("workbook-empty")
        self._flush()

    def _take(self, name: str, row: Row, take: Any) -> None:  # noqa: ANN401 - one of the two below
        if row.hidden:
            self.faults.append(Fault(name, row.number, "", "hidden-row"))
        take(row)
        self.rows_read += 1
        if self.rows_read > _MOST_ROWS:
            raise Refused("workbook-too-large", rows=_MOST_ROWS)
        if time.monotonic() - self.began > _LONGEST_SECONDS:
            raise Refused("import-too-slow", seconds=_LONGEST_SECONDS)
        if self.rows_read % _BATCH == 0:
            self._flush()

    def _building(self, row: Row) -> None:
        line, faults = lines.building(row.number, row.cells)
        self.faults += faults
        usable = {column.name: line.values.get(column.name) for column in template.BUILDINGS}
        self.buildings.append({"import_id": self.command.import_id, "row": row.number, **usable})

    def _holder(self, row: Row) -> None:
        line, faults = lines.holder(row.number, row.cells, today=self.command.today)
        self.faults += faults
        self.holders.append(staged(line, self.command.import_id, self.vault, self.key))

    def _flush(self) -> None:
        with database.begin(self.engine, district=self.command.district) as tx:
            imports.add_lines(tx, self.holders)
            imports.add_buildings(tx, self.buildings)
            imports.add_faults(tx, self.command.import_id, self.faults)
            imports.progressed(tx, self.command.import_id, rows_read=self.rows_read)
        self.holders, self.buildings, self.faults = [], [], []
        self.report(self.rows_read, max(self.rows_read, self.rows_expected))


def staged(line: Line, import_id: UUID, vault: Vault, key: DataKey) -> dict[str, Any]:
    """The stored form of a line until the commit. Personal data is stored only as marks and sealed."""
    unit: dict[str, str | int | None] = dict.fromkeys(line.emptied)
    unit |= {
        column.name: _plain(line.values[column.name])
        for column in HOLDERS
        if column.of_unit and column.name in line.values
    }
    holder = {name: line.text(name) for name in _HOLDER}
    if holder["share"] is not None:
        holder["share"] = str(shares.parsed(holder["share"]))  # in lowest terms
    elif "share" in line.faulty:
        holder["share"] = "?"  # already a fault; the sum of this unit is not checked (store/checks.py)
    sealed_names = [
        column.name
        for column in HOLDERS
        if column.personal or column.name in ("language", "document_type", "guardian_document_type")
    ]
    personal = {name: line.text(name) for name in sealed_names}
    marks = _marks(personal, vault)
    content = json.dumps(personal, ensure_ascii=False).encode()
    return {
        "import_id": import_id,
        "row": line.row,
        "unit_code": line.text("unit_code"),
        "content": json.dumps(unit, ensure_ascii=False),
        "holder": json.dumps(holder),
        **marks,
        "sealed": sealed.sealed_line(content, key=key, import_id=import_id, row=line.row),
    }


def _marks(personal: dict[str, str | None], vault: Vault) -> dict[str, bytes | None]:
    marks: dict[str, bytes | None] = {}
    for prefix, document, name in (
        ("", "document_mark", "name_mark"),
        ("guardian_", "guardian_mark", "guardian_name_mark"),
    ):
        whole = all(personal[f"{prefix}{field}"] for field in ("name", "document_type", "document_number"))
        marks[document] = vault.document_mark(person.of_line(personal, guardian=bool(prefix))) if whole else None
        marks[name] = vault.name_mark(str(personal[f"{prefix}name"])) if whole else None
    return marks


def _plain(value: Value) -> str | int:
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return value if isinstance(value, int | str) else value.isoformat()

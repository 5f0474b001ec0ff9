"""The clerk's own rows as a workbook, with each mistake beside its cell."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import IO

from sqlalchemy import Engine

from services.registry.domain.cells import Fault
from services.registry.domain.imports import Import
from services.registry.domain.template import BUILDINGS_SHEET, HOLDERS_SHEET
from services.registry.gateways import uploads, workbook_writer
from services.registry.gateways.workbook import Row
from services.registry.queries import imports as reports
from services.registry.store import imports
from services.registry.store.vault import Vault
from shared.service import database

_MOST_FAULTS = 50_000


def write(  # noqa: PLR0913 - where from, where to, in whose words
    engine: Engine, vault: Vault, it: Import, *, district: str, into: IO[bytes], sentence: Callable[[str], str]
) -> None:
    """`it`: as annotate_import gives it, which has recorded who receives the file. Raises Refused import-file-gone."""
    with database.begin(engine, district=district) as tx:
        faults = reports.faults(tx, it.import_id, limit=_MOST_FAULTS)
    by_row: dict[tuple[str, int], list[Fault]] = defaultdict(list)
    for fault in faults:
        by_row[fault.sheet, fault.row].append(fault)
    with (
        imports.opened_file(engine, vault, district, it) as (file, _),
        uploads.reading(file, name=it.file_name) as book,
    ):
        sheets: list[tuple[str, Iterator[Row]]] = [
            (name, book.sheet(name).rows()) for name in (HOLDERS_SHEET, BUILDINGS_SHEET)
        ]
        workbook_writer.annotate(into, sheets, by_row, sentence=sentence)

"""A clerk's workbook, as the template has it: which sheet is which, whether the headers are right, its rows by column name."""

import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from services.registry.domain.cells import Cell
from services.registry.domain.template import BUILDINGS, BUILDINGS_SHEET, HOLDERS, HOLDERS_SHEET, Column, letter
from services.registry.gateways import archive
from services.registry.gateways.part_xml import count, parsed
from services.registry.gateways.sheet_xml import SharedStrings, Sheet
from shared.refusal import Refused

_MOST_SHEETS = 1_000


@dataclass(frozen=True)
class Row:
    number: int
    hidden: bool
    cells: dict[str, Cell]  # by the template's column name


@dataclass(frozen=True)
class Workbook:
    archive: zipfile.ZipFile
    sheets: dict[str, str]  # name → path
    strings: SharedStrings

    def sheet(self, name: str) -> "TemplateSheet":
        columns = HOLDERS if name == HOLDERS_SHEET else BUILDINGS
        return TemplateSheet(Sheet(self.archive, self.sheets[name], self.strings, width=len(columns)), columns)

    def rows_expected(self) -> int:
        """Below the headers, empty ones perhaps among them. For telling how far the reading is, and for nothing else."""
        found = [count(self.archive, self.sheets[name], "row") for name in (HOLDERS_SHEET, BUILDINGS_SHEET)]
        return sum(max(each - 1, 0) for each in found)


@dataclass(frozen=True)
class TemplateSheet:
    sheet: Sheet
    columns: tuple[Column, ...]

    def rows(self) -> Iterator[Row]:
        """The rows below the header that hold anything. Raises Refused: workbook-wrong-columns."""
        names = [column.name for column in self.columns]
        rows = self.sheet.rows()
        header = next(rows, None)
        check_headers(self.columns, {place: cell.written for place, cell in header.cells.items()} if header else {})
        for row in rows:
            if cells := {names[place]: cell for place, cell in row.cells.items()}:
                yield Row(row.number, row.hidden, cells)

    def merged(self) -> list[str]:
        """Merged ranges, A2:A4 and the like. Known once all rows have been read."""
        return self.sheet.merged


def check_headers(columns: tuple[Column, ...], written: Mapping[int, str], *, row: int = 1) -> None:
    """Raises Refused: workbook-wrong-columns, naming the first cell that differs."""
    for place, column in enumerate(columns):
        found = written.get(place, "").removesuffix("*").strip()
        if found != column.header:
            cell = f"{letter(place)}{row}"
            raise Refused("workbook-wrong-columns", cell=cell, expected=column.header, found=found[:40])


@contextmanager
def reading(file: IO[bytes]) -> Iterator[Workbook]:
    """Raises Refused: what archive.opened raises, workbook-wrong-sheet."""
    with archive.opened(file) as contents:
        sheets = _sheets(contents)
        for name in (HOLDERS_SHEET, BUILDINGS_SHEET):
            if name not in sheets:
                raise Refused("workbook-wrong-sheet", expected=name)
        paths = {name.lower(): name for name in contents.namelist()}
        strings = SharedStrings(contents, paths.get("xl/sharedstrings.xml"))
        try:
            yield Workbook(contents, sheets, strings)
        finally:
            strings.close()


def inspect(file: IO[bytes]) -> None:
    """What can be refused while the clerk still waits: the archive, the sheets. Leaves the file at its start."""
    with archive.opened(file) as contents:
        sheets = _sheets(contents)
    for name in (HOLDERS_SHEET, BUILDINGS_SHEET):
        if name not in sheets:
            raise Refused("workbook-wrong-sheet", expected=name)
    file.seek(0)


def _sheets(contents: zipfile.ZipFile) -> dict[str, str]:
    """The path of each sheet by its name."""
    listed, related = _Elements("sheet"), _Elements("Relationship")
    listed.read(contents, "xl/workbook.xml")
    related.read(contents, "xl/_rels/workbook.xml.rels")
    targets = {each.get("Id"): each.get("Target", "") for each in related.found}
    sheets: dict[str, str] = {}
    for sheet in listed.found:
        relation = next((value for name, value in sheet.items() if name.endswith(":id")), None)
        target = targets.get(relation, "").lstrip("/")
        path = target if target.startswith("xl/") else f"xl/{target}"
        if path in contents.namelist():
            sheets[sheet.get("name", "")] = path
    return sheets


class _Elements:
    """The attributes of every element of a name."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.found: list[dict[str, str]] = []

    def read(self, contents: zipfile.ZipFile, path: str) -> None:
        """Raises Refused: workbook-unreadable, workbook-too-large."""
        for _ in parsed(contents, path, self):
            if len(self.found) > _MOST_SHEETS:
                raise Refused("workbook-too-large")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == self._name:
            self.found.append(attributes)

    def end(self, name: str) -> None:
        """Nothing is inside."""

    def characters(self, data: str) -> None:
        """Nor any text."""

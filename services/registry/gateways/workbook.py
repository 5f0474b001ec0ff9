"""A clerk's workbook, as the template has it: which sheet is which, whether the headers are right, its rows by column name."""

import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO

from services.registry.domain.cells import Cell, Fault
from services.registry.domain.template import (
    BUILDINGS_SHEET,
    FAULTS_HEADER,
    HOLDERS_SHEET,
    SHEETS,
    Column,
    letter,
)
from services.registry.gateways import archive
from services.registry.gateways.part_xml import count, parsed
from services.registry.gateways.sheet_xml import Row as SheetRow
from services.registry.gateways.sheet_xml import SharedStrings, Sheet
from services.registry.gateways.styles_xml import Calendar, calendar
from shared.refusal import Refused

_MOST_SHEETS = 1_000


@dataclass(frozen=True)
class Row:
    number: int
    hidden: bool
    cells: dict[str, Cell]  # by the template's column name


@dataclass(frozen=True)
class Workbook:
    """`hidden`: the names of sheets that a spreadsheet does not show."""

    archive: zipfile.ZipFile
    sheets: dict[str, str]  # name → path
    hidden: frozenset[str]
    strings: SharedStrings
    calendar: Calendar

    def sheet(self, name: str) -> "TemplateSheet":
        columns = SHEETS[name]
        days = {place for place, column in enumerate(columns) if column.form == "date"}
        # One column more, in which a header of the clerk's own would stand.
        sheet = Sheet(self.archive, self.sheets[name], self.strings, len(columns) + 1, self.calendar, days)
        return TemplateSheet(sheet, name, columns, name in self.hidden)

    def rows_expected(self) -> int:
        """Below the headers, empty ones perhaps among them. For telling how far the reading is, and for nothing else."""
        found = [count(self.archive, self.sheets[name], "row") for name in (HOLDERS_SHEET, BUILDINGS_SHEET)]
        return sum(max(each - 1, 0) for each in found)


@dataclass(frozen=True)
class TemplateSheet:
    """`filled`: the columns in which anything has stood so far."""

    sheet: Sheet
    name: str
    columns: tuple[Column, ...]
    hidden: bool
    filled: set[int] = field(default_factory=set)

    def rows(self) -> Iterator[Row]:
        """The rows below the header that hold anything. Raises Refused: workbook-wrong-columns."""
        names = [column.name for column in self.columns]
        rows = self.sheet.rows()
        header = next(rows, SheetRow(1, hidden=False, cells={}))
        check_headers(self.columns, {place: cell.written for place, cell in header.cells.items()}, row=header.number)
        for row in rows:
            self.filled.update(row.cells)
            if cells := {names[place]: cell for place, cell in row.cells.items() if place < len(names)}:
                yield Row(row.number, row.hidden, cells)

    def faults(self) -> Iterator[Fault]:
        """What a clerk does not see in the sheet as it is shown, or sees in one cell only. Known once all rows have been read."""
        if self.hidden:
            yield Fault(self.name, 1, "", "hidden-sheet")
        for place, column in enumerate(self.columns):
            if place in self.sheet.hidden & self.filled:
                yield Fault(self.name, 1, column.name, "hidden-column")
        for area in self.sheet.merged:
            first = area.partition(":")[0]
            letters = first.rstrip("0123456789")
            # The mistake stands at the merge's first cell; beyond the template's columns it is none.
            if name := self._named(letters):
                yield Fault(self.name, int(first.removeprefix(letters)), name, "merged-cell")

    def _named(self, letters: str) -> str | None:
        return next((column.name for place, column in enumerate(self.columns) if letter(place) == letters), None)


def check_headers(columns: tuple[Column, ...], written: Mapping[int, str], *, row: int) -> None:
    """Also that no column of the clerk's own follows. Raises Refused: workbook-wrong-columns, naming the first cell that differs."""
    for place, expected in enumerate([*(column.header for column in columns), ""]):
        found = written.get(place, "").removesuffix("*").strip()
        if found != expected and not (expected == "" and found.startswith(FAULTS_HEADER)):
            cell = f"{letter(place)}{row}"
            raise Refused("workbook-wrong-columns", cell=cell, expected=expected, found=found[:40])


@contextmanager
def reading(file: IO[bytes]) -> Iterator[Workbook]:
    """Raises Refused: what archive.opened raises, workbook-wrong-sheet."""
    with archive.opened(file) as contents:
        frame = _frame(contents)
        paths = {name.lower(): name for name in contents.namelist()}
        days = calendar(contents, paths.get("xl/styles.xml"), is_1904=frame.is_1904)
        strings = SharedStrings(contents, paths.get("xl/sharedstrings.xml"))
        try:
            yield Workbook(contents, frame.sheets, frame.hidden, strings, days)
        finally:
            strings.close()


def inspect(file: IO[bytes]) -> None:
    """What can be refused while the clerk still waits: the archive, the sheets. Leaves the file at its start."""
    with archive.opened(file) as contents:
        _frame(contents)
    file.seek(0)


@dataclass(frozen=True)
class _Frame:
    sheets: dict[str, str]
    hidden: frozenset[str]
    is_1904: bool


def _frame(contents: zipfile.ZipFile) -> _Frame:
    """The path of each sheet by its name. Raises Refused: workbook-unreadable, workbook-wrong-sheet."""
    book, related = _Elements("sheet", "workbookPr"), _Elements("Relationship")
    book.read(contents, "xl/workbook.xml")
    related.read(contents, "xl/_rels/workbook.xml.rels")
    targets = {each.get("Id"): each.get("Target", "") for each in related.found["Relationship"]}
    sheets: dict[str, str] = {}
    for sheet in book.found["sheet"]:
        relation = next((value for name, value in sheet.items() if name.endswith(":id")), None)
        target = targets.get(relation, "").lstrip("/")
        path = target if target.startswith("xl/") else f"xl/{target}"
        if path in contents.namelist():
            sheets[sheet.get("name", "")] = path
    for name in (HOLDERS_SHEET, BUILDINGS_SHEET):
        if name not in sheets:
            raise Refused("workbook-wrong-sheet", expected=name)
    hidden = frozenset(
        each.get("name", "") for each in book.found["sheet"] if each.get("state", "visible") != "visible"
    )
    is_1904 = any(each.get("date1904") in ("1", "true") for each in book.found["workbookPr"])
    return _Frame(sheets, hidden, is_1904)


class _Elements:
    """The attributes of every element of some names."""

    def __init__(self, *names: str) -> None:
        self.found: dict[str, list[dict[str, str]]] = {name: [] for name in names}

    def read(self, contents: zipfile.ZipFile, path: str) -> None:
        """Raises Refused: workbook-unreadable, workbook-too-large."""
        for _ in parsed(contents, path, self):
            if any(len(each) > _MOST_SHEETS for each in self.found.values()):
                raise Refused("workbook-too-large")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name in self.found:
            self.found[name].append(attributes)

    def end(self, name: str) -> None:
        """Nothing is inside."""

    def characters(self, data: str) -> None:
        """Nor any text."""

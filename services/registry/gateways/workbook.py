"""A clerk's workbook in the template's format: finds the sheets, checks the headers, gives rows by column name."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
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
from services.registry.gateways import package
from services.registry.gateways.package import Package
from services.registry.gateways.part_xml import Elements, Parts, count
from services.registry.gateways.sheet_xml import Row as SheetRow
from services.registry.gateways.sheet_xml import SharedStrings, Sheet
from services.registry.gateways.styles_xml import Calendar, calendar
from shared.refusal import Refused

_WIDEST = max(map(len, SHEETS.values()))
_TITLES = 5  # rows that may stand above the headers of a sheet that we do not read
_BOOK_BYTES = 16 * 1024 * 1024
# The attribute of a sheet that names its relation, in the standard's two vocabularies.
_RELATION_IDS = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships id",
    "http://purl.oclc.org/ooxml/officeDocument/relationships id",
)


@dataclass(frozen=True)
class Row:
    number: int
    hidden: bool
    cells: dict[str, Cell]  # by the template's column name


@dataclass(frozen=True)
class Workbook:
    """`hidden`: the names of sheets that a spreadsheet does not show."""

    parts: Parts
    sheets: dict[str, str]  # name → part
    hidden: frozenset[str]
    strings: SharedStrings
    calendar: Calendar

    def sheet(self, name: str) -> "TemplateSheet":
        columns = SHEETS[name]
        days = {place for place, column in enumerate(columns) if column.form == "date"}
        # One more column, to detect an extra header.
        sheet = Sheet(self.parts, self.sheets[name], self.strings, len(columns) + 1, self.calendar, days)
        return TemplateSheet(sheet, name, columns, name in self.hidden)

    def refuse_when_split(self) -> None:
        """Rows under the template's headers on a sheet of another name would be lost unseen. Raises Refused workbook-split."""
        read = {self.sheets[name] for name in SHEETS}
        for name, part in self.sheets.items():
            if part not in read and self._has_rows_of_ours(part):
                raise Refused("workbook-split", sheet=name[:40])
            read.add(part)  # once, however many sheets a file calls by it

    def _has_rows_of_ours(self, part: str) -> bool:
        rows = (row for row in Sheet(self.parts, part, self.strings, _WIDEST, self.calendar).rows() if row.cells)
        headed = any(table_of([cell.written for cell in row.cells.values()]) for row in islice(rows, _TITLES + 1))
        return headed and next(rows, None) is not None

    def rows_expected(self) -> int:
        """An estimate for progress only: rows below the headers, perhaps including empty ones."""
        found = [count(self.parts, self.sheets[name], "row") for name in (HOLDERS_SHEET, BUILDINGS_SHEET)]
        return sum(max(count - 1, 0) for count in found)


@dataclass(frozen=True)
class TemplateSheet:
    """`filled`: the columns in which anything has stood so far. `kept`: those of the template that the sheet has. `beside`: the first
    row with anything beside them.
    """

    sheet: Sheet
    name: str
    columns: tuple[Column, ...]
    hidden: bool
    filled: set[int] = field(default_factory=set)
    kept: list[Column] = field(default_factory=list)
    beside: list[int] = field(default_factory=list)

    def rows(self) -> Iterator[Row]:
        """The rows below the header that hold anything. Raises Refused: workbook-wrong-columns."""
        rows = self.sheet.rows()
        header = next(rows, SheetRow(1, hidden=False, cells={}))
        headers = {place: cell.written for place, cell in header.cells.items()}
        self.kept[:] = check_headers(self.columns, headers, row=header.number)
        width = len(self.kept) + bool(headers.get(len(self.kept), "").strip())  # with our own column of faults
        for row in rows:
            self.filled.update(row.cells)
            if not self.beside and any(row.cells[place].written.strip() for place in row.cells if place >= width):
                self.beside.append(row.number)
            if cells := {self.kept[place].name: cell for place, cell in row.cells.items() if place < len(self.kept)}:
                yield Row(row.number, row.hidden, cells)

    def faults(self) -> Iterator[Fault]:
        """Hidden and merged cells, which a clerk does not see or sees in one cell only, and what stands beside the table and is not
        read. Known after all rows were read.
        """
        if self.hidden:
            yield Fault(self.name, 1, "", "hidden-sheet")
        for place, column in enumerate(self.kept):
            if place in self.sheet.hidden & self.filled:
                yield Fault(self.name, 1, column.name, "hidden-column")
        for row in self.beside:
            yield Fault(self.name, row, "", "beside-table")
        for area in self.sheet.merged:
            first = area.partition(":")[0]
            letters = first.rstrip("0123456789")
            # The mistake is reported at the first cell of the merge. Merges outside the template's columns are ignored.
            if name := self._named(letters):
                yield Fault(self.name, int(first.removeprefix(letters)), name, "merged-cell")

    def _named(self, letters: str) -> str | None:
        return next((column.name for place, column in enumerate(self.kept) if letter(place) == letters), None)


def table_of(written: Sequence[str]) -> str | None:
    """The table whose headers make up more than half of the row; a row of data has none in it."""
    found = {bare_header(header) for header in written}
    for name, columns in SHEETS.items():
        if 2 * len({column.header for column in columns} & found) > len(columns):
            return name
    return None


def bare_header(written: str) -> str:
    """Without the mark of a required column."""
    return written.removesuffix("*").strip()


def check_headers(columns: tuple[Column, ...], written: Mapping[int, str], *, row: int) -> tuple[Column, ...]:
    """The columns of the table. A file from an older template lacks the newer ones; extra columns are not allowed.

    Raises Refused: workbook-wrong-columns, naming the first cell that differs.
    """
    headers = {place: bare_header(header) for place, header in written.items()}
    kept = columns
    while kept[-1].newer and _is_free(headers.get(len(kept) - 1, "")):
        kept = kept[:-1]
    wanted = {place: column.header for place, column in enumerate(kept)}
    for place in sorted(wanted.keys() | headers.keys()):
        expected, found = wanted.get(place, ""), headers.get(place, "")
        if found != expected and not (place == len(kept) and _is_free(found)):
            cell = f"{letter(place)}{row}"
            raise Refused("workbook-wrong-columns", cell=cell, expected=expected, found=found[:40])
    return kept


def _is_free(header: str) -> bool:
    """True for a header that may follow the template's columns: empty, or our own column of faults."""
    return header == "" or header.startswith(FAULTS_HEADER)


@contextmanager
def reading(file: IO[bytes]) -> Iterator[Workbook]:
    """Raises Refused: what package.opened raises, workbook-wrong-sheet, workbook-split."""
    with package.opened(file) as contents:
        frame = _frame(contents)
        days = calendar(contents.parts, contents.related("styles"), is_1904=frame.is_1904)
        strings = SharedStrings(contents.parts, contents.related("sharedstrings"))
        try:
            book = Workbook(contents.parts, frame.sheets, frame.hidden, strings, days)
            book.refuse_when_split()
            yield book
        finally:
            strings.close()


def inspect(file: IO[bytes]) -> None:
    """Quick checks during the upload: the package and the sheets. Leaves the file at its start."""
    with package.opened(file) as contents:
        _frame(contents)
    file.seek(0)


@dataclass(frozen=True)
class _Frame:
    sheets: dict[str, str]
    hidden: frozenset[str]
    is_1904: bool


def _frame(contents: Package) -> _Frame:
    """The part of each sheet by the sheet's name. Raises Refused: workbook-unreadable, workbook-too-large, workbook-wrong-sheet."""
    book = Elements("sheet", "workbookPr")
    book.read(contents.parts, contents.main, most_bytes=_BOOK_BYTES)
    sheets: dict[str, str] = {}
    for sheet in book["sheet"]:
        relation = contents.relations.get(
            next((sheet[attribute] for attribute in _RELATION_IDS if attribute in sheet), "")
        )
        if relation is not None and relation.kind == "worksheet":
            if (name := sheet.get("name", "")) in sheets:  # which one is read would be arbitrary
                raise Refused("workbook-unreadable", part=contents.parts.shown(contents.main))
            sheets[name] = relation.target
    for name in (HOLDERS_SHEET, BUILDINGS_SHEET):
        if name not in sheets:
            raise Refused("workbook-wrong-sheet", expected=name)
    hidden = frozenset(sheet.get("name", "") for sheet in book["sheet"] if sheet.get("state", "visible") != "visible")
    is_1904 = any(properties.get("date1904") in ("1", "true") for properties in book["workbookPr"])
    return _Frame(sheets, hidden, is_1904)

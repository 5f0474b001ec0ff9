"""Writes the template, and a clerk's own workbook with each mistake beside its cell."""

import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite, nan
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.cell import Cell as SheetCell
from openpyxl.cell import WriteOnlyCell
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet._write_only import WriteOnlyWorksheet
from openpyxl.worksheet.datavalidation import DataValidation

from services.registry.domain import documents, shares, template
from services.registry.domain.cells import NUMBERS, Cell, CellKind, Fault
from services.registry.domain.template import FAULTS_HEADER, SHEETS, Column
from services.registry.gateways.workbook import Row
from shared.refusal import Refused

_HEAD = PatternFill("solid", fgColor="FFE7E9EA")
_WRONG = PatternFill("solid", fgColor="FFFDEEEC")
_BOLD, _STRUCK = Font(bold=True), Font(strike=True)
_DAY = "yyyy-mm-dd"
_WRITTEN_BY = "Clearwater"
_FIRST_DAY = "1900-03-01"  # programs disagree about the days before it
_NOT_OF_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LIKE_AN_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")  # _x0041_ would be read as A (ECMA-376 part 1, 22.9.2.19)
_LISTS: dict[str, Mapping[str, str]] = {
    "use": template.USES,
    "structure": template.STRUCTURES,
    "capacity": template.CAPACITIES,
    "language": template.LANGUAGES,
    "ownership": shares.WORDS,
    "document_type": documents.WORDS,
    "guardian_document_type": documents.WORDS,
}


def template_into(file: IO[bytes]) -> None:
    """Two sheets without rows, with notes and lists to choose from."""
    book = Workbook(write_only=True)
    for name, columns in SHEETS.items():
        _sheet(book, name, columns)
    book.save(file)


def annotate(
    file: IO[bytes],
    sheets: Iterable[tuple[str, Iterator[Row]]],
    faults: Mapping[tuple[str, int], Sequence[Fault]],
    *,
    sentence: Callable[[str], str],
) -> None:
    """The rows as the clerk wrote them; a cell with a mistake is coloured, and the last column describes the mistakes.

    Formulas are written as text and never run. Row numbers do not change.
    """
    book = Workbook(write_only=True)
    try:
        for name, rows in sheets:
            sheet_faults = {row: cell_faults for (of, row), cell_faults in faults.items() if of == name}
            _annotated(book, name, rows, sheet_faults, sentence)
    except Refused:
        for half in book.worksheets:
            half.close()  # it holds a temporary file open
        raise
    book.save(file)


def _annotated(
    book: Workbook,
    name: str,
    rows: Iterator[Row],
    faults: Mapping[int, Sequence[Fault]],
    sentence: Callable[[str], str],
) -> None:
    columns = SHEETS[name]
    annotations = {row: _Annotation(columns, row_faults, sentence) for row, row_faults in faults.items()}
    nothing = _Annotation(columns, (), sentence)
    sheet = _sheet(book, name, columns, annotated=annotations.pop(1, nothing))
    for row in _with_empty(rows, sorted(annotations)):
        annotation = annotations.get(row.number, nothing)
        cells = [annotation.cell(sheet, column, row.cells.get(column.name)) for column in columns]
        sheet.write(row.number, [*cells, annotation.words()])


def _with_empty(rows: Iterator[Row], faulty: Sequence[int]) -> Iterator[Row]:
    """Adds the empty rows that have a mistake, such as merged cells."""
    waiting = list(reversed(faulty))
    for row in rows:
        while waiting and waiting[-1] <= row.number:
            if (number := waiting.pop()) < row.number:
                yield Row(number, hidden=False, cells={})
        yield row
    yield from (Row(number, hidden=False, cells={}) for number in reversed(waiting))


class _Sheet(WriteOnlyWorksheet):
    """A sheet whose rows stand at numbers of their own. Nothing is written between them: a far row costs as much as a near one."""

    def write(self, number: int, cells: Sequence[object]) -> None:
        """In the order of the numbers."""
        self.append([number, *cells])

    def _write_rows(self) -> Generator[None, list[Any], None]:
        """As openpyxl's own, but for the number, which it counts."""
        sheet: Any = self  # its types leave out how it writes
        xf = sheet._writer.xf.send(True)  # noqa: FBT003, SLF001 - openpyxl's own words
        with xf.element("sheetData"):
            try:
                while True:
                    number, *cells = yield
                    sheet._writer.write_row(xf, sheet._values_to_row(cells, number), number)  # noqa: SLF001 - the same
            except GeneratorExit:
                pass
        sheet._writer.xf.send(None)  # noqa: SLF001 - the same


@dataclass(frozen=True)
class _Annotation:
    """The mistakes of one row, in the reader's language."""

    columns: Sequence[Column]
    faults: Sequence[Fault]
    sentence: Callable[[str], str]

    def words(self) -> str | None:
        headers = {column.name: column.header for column in self.columns}
        sentences = [f"{headers.get(fault.column, '本行')}：{self.sentence(fault.code)}" for fault in self.faults]
        return "；".join(sentences) or None

    def cell(self, sheet: WriteOnlyWorksheet, column: Column, found: Cell | None) -> SheetCell:
        kind, value = _shown(found)
        cell: SheetCell = WriteOnlyCell(sheet, value=value)
        if kind == "text":
            cell.data_type = "s"
        elif kind == "date":
            cell.number_format = "yyyy-mm-dd"
        if found is not None and found.struck:
            cell.font = _STRUCK  # or the next import would take what the clerk deleted
        if any(fault.column == column.name for fault in self.faults):
            cell.fill = _WRONG
        return cell


def _shown(found: Cell | None) -> tuple[CellKind, str | float | datetime | None]:
    """The cell as the sheet showed it; what is no valid number, or a day before the format's first, is shown as text."""
    if found is None:
        return "number", None
    if found.kind == "date" and found.written >= _FIRST_DAY:
        return "date", datetime.fromisoformat(found.written)
    try:
        number = float(found.written) if found.kind in NUMBERS else nan
    except ValueError:
        number = nan
    return ("number", number) if isfinite(number) else ("text", _writable(found.written))


def _writable(written: str) -> str:
    """The text with U+FFFD for each character that XML cannot hold, and so that reading gives no other text back."""
    return _LIKE_AN_ESCAPE.sub("_x005F_", _NOT_OF_XML.sub("\ufffd", written))


def _sheet(book: Workbook, name: str, columns: Sequence[Column], *, annotated: _Annotation | None = None) -> _Sheet:
    sheet = _Sheet(book, name)
    book._add_sheet(sheet)  # type: ignore[attr-defined]  # noqa: SLF001 - create_sheet() makes no sheet of another class
    # Properties of every worksheet, which the types of the write-only kind leave out.
    dimensions, validations = sheet.column_dimensions, sheet.data_validations  # type: ignore[attr-defined]
    sheet.freeze_panes = "A2"
    for place, column in enumerate(columns):
        letters = template.letter(place)
        dimensions[letters].width = 30 if column.form == "code" else 14
        if column.name in _LISTS:
            choices = DataValidation(type="list", formula1='"' + ",".join(_LISTS[column.name]) + '"', allow_blank=True)
            choices.add(f"{letters}2:{letters}100001")
            validations.append(choices)
    headers = [_header(sheet, column) for column in columns]
    if annotated:
        for column, cell in zip(columns, headers, strict=True):
            if any(fault.column == column.name for fault in annotated.faults):
                cell.fill = _WRONG
        words = annotated.words()
        headers.append(_header(sheet, Column("faults", FAULTS_HEADER, "text", "改好后删去本列也可")))
        headers[-1].value = FAULTS_HEADER + (f"：{words}" if words else "")
    sheet.write(1, headers)
    return sheet


def _header(sheet: WriteOnlyWorksheet, column: Column) -> SheetCell:
    cell: SheetCell = WriteOnlyCell(sheet, value=column.header + ("*" if column.required else ""))
    cell.font, cell.fill = _BOLD, _HEAD
    if column.note:
        cell.comment = Comment(column.note, _WRITTEN_BY)
    return cell

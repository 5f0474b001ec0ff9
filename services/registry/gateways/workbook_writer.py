"""Writes the template, and a clerk's own workbook with each mistake beside its cell."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite, nan
from typing import IO

from openpyxl import Workbook
from openpyxl.cell import Cell as SheetCell
from openpyxl.cell import WriteOnlyCell
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet._write_only import WriteOnlyWorksheet
from openpyxl.worksheet.datavalidation import DataValidation

from services.registry.domain import documents, shares, template
from services.registry.domain.cells import Cell, CellKind, Fault
from services.registry.domain.template import FAULTS_HEADER, SHEETS, Column
from services.registry.gateways.workbook import Row
from shared.refusal import Refused

_HEAD = PatternFill("solid", fgColor="FFE7E9EA")
_WRONG = PatternFill("solid", fgColor="FFFDEEEC")
_BOLD = Font(bold=True)
_DAY = "yyyy-mm-dd"
_WRITTEN_BY = "Clearwater"
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
    written = 1
    for row in _with_empty(rows, sorted(annotations)):
        for _ in range(row.number - written - 1):
            sheet.append([])
        written = row.number
        annotation = annotations.get(row.number, nothing)
        sheet.append(
            [*(annotation.cell(sheet, column, row.cells.get(column.name)) for column in columns), annotation.words()]
        )


def _with_empty(rows: Iterator[Row], faulty: Sequence[int]) -> Iterator[Row]:
    """Adds the empty rows that have a mistake, such as merged cells."""
    waiting = list(reversed(faulty))
    for row in rows:
        while waiting and waiting[-1] <= row.number:
            if (number := waiting.pop()) < row.number:
                yield Row(number, hidden=False, cells={})
        yield row
    yield from (Row(number, hidden=False, cells={}) for number in reversed(waiting))


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
        if any(fault.column == column.name for fault in self.faults):
            cell.fill = _WRONG
        return cell


def _shown(found: Cell | None) -> tuple[CellKind, str | float | datetime | None]:
    """The cell as the sheet showed it; a value that is not a valid number is shown as text."""
    if found is None:
        return "number", None
    if found.kind == "date":
        return "date", datetime.fromisoformat(found.written)
    try:
        number = float(found.written) if found.kind == "number" else nan
    except ValueError:
        number = nan
    return ("number", number) if isfinite(number) else ("text", found.written)


def _sheet(
    book: Workbook, name: str, columns: Sequence[Column], *, annotated: _Annotation | None = None
) -> WriteOnlyWorksheet:
    sheet = book.create_sheet(name)
    if not isinstance(sheet, WriteOnlyWorksheet):
        message = "a write-only workbook has write-only sheets"
        raise TypeError(message)
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
    sheet.append(headers)
    return sheet


def _header(sheet: WriteOnlyWorksheet, column: Column) -> SheetCell:
    cell: SheetCell = WriteOnlyCell(sheet, value=column.header + ("*" if column.required else ""))
    cell.font, cell.fill = _BOLD, _HEAD
    if column.note:
        cell.comment = Comment(column.note, _WRITTEN_BY)
    return cell

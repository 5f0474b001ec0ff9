"""Workbooks that the service hands out: the template, a sample, and a clerk's own workbook with each mistake beside its cell."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import IO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet._write_only import WriteOnlyWorksheet
from openpyxl.worksheet.datavalidation import DataValidation

from services.registry.domain import documents, shares, template
from services.registry.domain.cells import Fault
from services.registry.domain.template import BUILDINGS, BUILDINGS_SHEET, HOLDERS, HOLDERS_SHEET, Column
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


def write(
    file: IO[bytes], *, holders: Iterable[Mapping[str, object]] = (), buildings: Iterable[Mapping[str, object]] = ()
) -> None:
    """A workbook by the template; without rows it is the template itself, with its notes and its lists to choose from."""
    book = Workbook(write_only=True)
    for name, columns, lines in ((HOLDERS_SHEET, HOLDERS, holders), (BUILDINGS_SHEET, BUILDINGS, buildings)):
        sheet = _sheet(book, name, columns)
        for line in lines:
            sheet.append([line.get(column.name) for column in columns])
    book.save(file)


def annotate(
    file: IO[bytes],
    sheets: Iterable[tuple[str, Iterator[Row]]],
    faults: Mapping[tuple[str, int], Sequence[Fault]],
    *,
    sentence: Callable[[str], str],
) -> None:
    """The rows as the clerk wrote them; a cell with a mistake is tinted and the last column says what each is.

    Formulas are written as text: what the workbook says is shown, never run. Row numbers stay as they were.
    """
    book = Workbook(write_only=True)
    try:
        for name, rows in sheets:
            columns = HOLDERS if name == HOLDERS_SHEET else BUILDINGS
            sheet = _sheet(book, name, (*columns, Column("faults", "问题", "text", "改好后删去本列也可")))
            for row in _spaced(rows):
                found = faults.get((name, row.number), ()) if row else ()
                sheet.append(_annotated(sheet, columns, row, found, sentence) if row else [])
    except Refused:
        for half in book.worksheets:
            half.close()  # it holds a temporary file open
        raise
    book.save(file)


def _spaced(rows: Iterator[Row]) -> Iterator[Row | None]:
    """With None for each empty row in between; the header is row 1."""
    before = 1
    for row in rows:
        yield from repeat(None, row.number - before - 1)
        yield row
        before = row.number


def _annotated(
    sheet: WriteOnlyWorksheet,
    columns: Sequence[Column],
    row: Row,
    faults: Sequence[Fault],
    sentence: Callable[[str], str],
) -> list[object]:
    wrong = {fault.column for fault in faults}
    cells: list[object] = []
    for column in columns:
        found = row.cells.get(column.name)
        value: str | float | None = None if found is None else found.written
        if found is not None and found.kind == "number":
            value = float(found.written)
        cell = WriteOnlyCell(sheet, value=value)
        if found is not None and found.kind != "number":
            cell.data_type = "s"
        elif column.form == "date":
            cell.number_format = _DAY
        if column.name in wrong:
            cell.fill = _WRONG
        cells.append(cell)
    headers = {column.name: column.header for column in columns}
    said = [f"{headers.get(fault.column, '本行')}：{sentence(fault.code)}" for fault in faults]
    return [*cells, "；".join(said) or None]


def _sheet(book: Workbook, name: str, columns: Sequence[Column]) -> WriteOnlyWorksheet:
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
    sheet.append([_header(sheet, column) for column in columns])
    return sheet


def _header(sheet: WriteOnlyWorksheet, column: Column) -> object:
    cell = WriteOnlyCell(sheet, value=column.header + ("*" if column.required else ""))
    cell.font, cell.fill = _BOLD, _HEAD
    if column.note:
        cell.comment = Comment(column.note, _WRITTEN_BY)
    return cell

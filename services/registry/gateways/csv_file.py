"""A clerk's csv: the tables of the template below each other, each under its own header, in any order and as often as they come.

A row belongs to the header above it, so rows and columns are counted as a spreadsheet counts them, and letters are the workbook's.
UTF-8 with or without a byte-order mark, else GB18030, which is what a Chinese spreadsheet writes.

Invariant: memory grows neither with the file nor with an endless row.
"""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from services.registry.domain import cells
from services.registry.domain.cells import Fault
from services.registry.domain.template import HOLDERS_SHEET, SHEETS, Column
from services.registry.gateways.workbook import Row, bare_header, check_headers, table_of
from shared.refusal import Refused

_ENCODINGS = ("utf-8-sig", "gb18030")
_CHUNK = 64 * 1024
_LONGEST_ROW = 128 * 1024  # characters; a row whose every cell is as long as the template allows has 1,600


@dataclass(frozen=True)
class CsvFile:
    file: IO[bytes]
    encoding: str

    def sheet(self, name: str) -> "CsvTable":
        return CsvTable(self, name)

    def rows_expected(self) -> int:
        """An estimate for progress only: the number of lines, including one header per table."""
        self.file.seek(0)
        lines = 0
        while chunk := self.file.read(_CHUNK):
            lines += chunk.count(b"\n")
        return max(lines - len(SHEETS), 0)

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Each row with its number; empty rows are counted, too. A first line `sep=,` is not: a spreadsheet does not show it.

        Raises Refused: csv-quotes, csv-separator, workbook-too-large.
        """
        self.file.seek(0)
        text = io.TextIOWrapper(self.file, encoding=self.encoding, newline="")
        lines = _Lines(text)
        number = unseen = 0
        try:
            for number, record in enumerate(csv.reader(lines, strict=True), start=1):
                if number == 1 and _names_the_comma(record):
                    unseen = 1
                else:
                    yield number - unseen, record
                lines.begin()
        except csv.Error as broken:
            raise Refused("csv-quotes", row=number + 1 - unseen) from broken
        finally:
            if not text.closed:  # the caller owns the file and may have closed it
                text.detach()


@dataclass(frozen=True)
class CsvTable:
    book: CsvFile
    name: str

    def rows(self) -> Iterator[Row]:
        """The rows of this table that hold anything. Raises Refused: csv-quotes, csv-ragged, workbook-wrong-columns,
        workbook-wrong-sheet, workbook-too-large.
        """
        kept, table_name, seen, width = SHEETS[self.name], "", False, 0
        for number, record in self.book.records():
            if (table := table_of(_headers(record))) or (not table_name and any(record)):
                table_name, width = table or HOLDERS_SHEET, _written(record)
                kept = check_headers(SHEETS[table_name], dict(enumerate(_headers(record))), row=number)
                seen = seen or table_name == self.name
            elif table_name == self.name and any(record):
                _check_width(number, record, width, kept)
                yield Row(number, hidden=False, cells=_cells(kept, record))
        if not seen:
            raise Refused("workbook-wrong-sheet", expected=self.name)

    def faults(self) -> Iterator[Fault]:
        """None: a csv has no hidden or merged cells."""
        return iter(())


class _Lines:
    """The file's lines, limited per row: an unclosed quote would turn the rest of the file into one row."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.begin()

    def begin(self) -> None:
        self._taken, self._lines = 0, 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        if not (line := self._text.readline(_LONGEST_ROW)):
            raise StopIteration
        self._taken, self._lines = self._taken + len(line), self._lines + 1
        if self._taken >= _LONGEST_ROW:
            raise csv.Error("a quote is never closed") if self._lines > 1 else Refused("workbook-too-large")
        return line


@contextmanager
def reading(file: IO[bytes]) -> Iterator[CsvFile]:
    """Raises Refused: csv-encoding, csv-nul."""
    yield CsvFile(file, _encoding(file))


def inspect(file: IO[bytes]) -> None:
    """Quick checks during the upload: the encoding, and that the file begins with a header of the template.

    Leaves the file at its start. Raises Refused: csv-encoding, csv-nul, csv-separator, csv-quotes, workbook-wrong-columns,
    workbook-too-large.
    """
    with reading(file) as book:
        number, record = next(((number, record) for number, record in book.records() if any(record)), (1, []))
    table = table_of(_headers(record))
    if table is None and any(map(_is_in_one_cell, record)):
        raise Refused("csv-separator", row=number)
    # GB18030 decodes nearly every file. Without a header of the template, the file is Big5 or not text.
    if table is None and book.encoding == "gb18030" and not _known(record):
        raise Refused("csv-encoding")
    check_headers(SHEETS[table or HOLDERS_SHEET], dict(enumerate(_headers(record))), row=number)
    file.seek(0)


def _encoding(file: IO[bytes]) -> str:
    """The first encoding that can decode the whole file."""
    for encoding in _ENCODINGS:
        file.seek(0)
        if _is_text(file, encoding):
            return encoding
    raise Refused("csv-encoding")


def _is_text(file: IO[bytes], encoding: str) -> bool:
    decoder, line = codecs.getincrementaldecoder(encoding)(), 1
    try:
        while chunk := file.read(_CHUNK):
            decoder.decode(chunk)
            if (place := chunk.find(b"\0")) >= 0:
                raise Refused("csv-nul", line=line + chunk.count(b"\n", 0, place))
            line += chunk.count(b"\n")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _names_the_comma(record: Sequence[str]) -> bool:
    """True for a first line `sep=,`, which tells a spreadsheet how to read the file. Raises Refused csv-separator for another sign."""
    first = record[0].removeprefix("\ufeff").lower() if record and not any(record[1:]) else ""
    if not first.startswith("sep=") or len(first) > len("sep=;"):
        return False
    if first not in ("sep=", "sep=,"):  # the comma has split the line
        raise Refused("csv-separator", row=1)
    return True


def _is_in_one_cell(written: str) -> bool:
    """True when one cell holds most headers of a table: the separator is not a comma."""
    return any(2 * sum(column.header in written for column in columns) > len(columns) for columns in SHEETS.values())


def _known(record: Sequence[str]) -> set[str]:
    return {column.header for columns in SHEETS.values() for column in columns}.intersection(_headers(record))


def _headers(record: Sequence[str]) -> list[str]:
    """Headers without the mark of a required column and without byte-order marks of concatenated files."""
    return [bare_header(written.removeprefix("\ufeff")) for written in record]


def _written(record: Sequence[str]) -> int:
    """The width up to the last filled cell: a spreadsheet pads the narrower table with empty cells."""
    return max((place for place, written in enumerate(record, start=1) if written), default=0)


def _check_width(number: int, record: Sequence[str], width: int, columns: Sequence[Column]) -> None:
    """Refuses a row with an extra comma or line break: it shifts all later cells, so no cell can be trusted.

    Empty cells at the end may be missing, as spreadsheets leave them out, but not before the last column that must be filled in.
    """
    least = max(place for place, column in enumerate(columns, start=1) if column.required)
    if (written := _written(record)) > width:
        raise Refused("csv-ragged", row=number, expected=width, found=written)
    if len(record) < least:
        raise Refused("csv-ragged", row=number, expected=width, found=len(record))


def _cells(columns: Sequence[Column], record: Sequence[str]) -> dict[str, cells.Cell]:
    return {
        column.name: cells.typed(column, written)
        for column, written in zip(columns, record, strict=False)  # only the column 问题 may follow
        if written
    }

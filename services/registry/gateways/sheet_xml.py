"""Sheets read from their own XML, as a stream: a row at a time, whatever the size, with what libraries hide (hidden rows, merges).

Stays true: memory does not grow with the number of rows. Shared strings go to a temporary file that is gone with the reading; a
document type declaration, and with it every entity, is refused.
"""

import tempfile
import zipfile
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Protocol
from xml.parsers import expat

from services.registry.domain import template
from services.registry.domain.cells import Cell, CellKind
from shared.refusal import Refused

_CHUNK = 64 * 1024
_LONGEST_TEXT = 32_767  # of a cell, by the format
_LAST_ROW = 1_048_576  # of a sheet, by the format
_KINDS: dict[str, CellKind] = {
    "n": "number",
    "s": "text",
    "str": "text",
    "inlineStr": "text",
    "d": "text",
    "b": "boolean",
    "e": "error",
}


@dataclass(frozen=True)
class Row:
    number: int
    hidden: bool
    cells: dict[str, Cell]  # by column letter


class _Reader(Protocol):
    def start(self, name: str, attributes: dict[str, str]) -> None: ...
    def end(self, name: str) -> None: ...
    def characters(self, data: str) -> None: ...


class SharedStrings:
    """The workbook's table of texts, on disk; only the places are in memory (8 bytes each)."""

    def __init__(self, archive: zipfile.ZipFile, path: str | None) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the reading, by `close`
        self._places = array("Q", [0])
        self._parts: list[str] = []
        self._in_text = self._in_phonetic = False
        if path is not None:
            with archive.open(path) as part:
                for _ in _parsed(part, self):
                    pass
        self._file.flush()

    def __getitem__(self, index: int) -> str:
        if not 0 <= index < len(self._places) - 1:
            raise Refused("workbook-unreadable")
        start, end = self._places[index], self._places[index + 1]
        self._file.seek(start)
        return self._file.read(end - start).decode()

    def close(self) -> None:
        self._file.close()

    def start(self, name: str, _: dict[str, str]) -> None:
        if name == "si":
            self._parts = []
        elif name == "rPh":
            self._in_phonetic = True
        elif name == "t":
            self._in_text = True

    def end(self, name: str) -> None:
        if name == "si":
            written = "".join(self._parts)[:_LONGEST_TEXT].encode()
            self._file.write(written)
            self._places.append(self._places[-1] + len(written))
        elif name == "rPh":
            self._in_phonetic = False
        elif name == "t":
            self._in_text = False

    def characters(self, data: str) -> None:
        if self._in_text and not self._in_phonetic:
            self._parts.append(data)


@dataclass
class Sheet:
    """One pass over a sheet. `merged` is complete only after the last row, because the format writes it there."""

    archive: zipfile.ZipFile
    path: str
    strings: SharedStrings
    merged: list[str] = field(default_factory=list)
    _rows: list[Row] = field(default_factory=list)
    _row: Row | None = None
    _number: int = 0
    _column: str = ""
    _next_column: int = 0
    _kind: str = "n"
    _formula: bool = False
    _text: list[str] = field(default_factory=list)
    _inside: bool = False

    def rows(self) -> Iterator[Row]:
        with self.archive.open(self.path) as part:
            for _ in _parsed(part, self):
                yield from self._rows
                self._rows.clear()

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "row":
            self._number = _following(self._number, attributes)
            self._row = Row(self._number, attributes.get("hidden") in ("1", "true"), {})
            self._next_column = 0
        elif name == "c":
            self._column = attributes.get("r", "").rstrip("0123456789") or template.letter(self._next_column)
            self._kind, self._formula, self._text = attributes.get("t", "n"), False, []
        elif name == "f":
            self._formula = True
        elif name in ("v", "t"):
            self._inside = True
        elif name == "mergeCell":
            self.merged.append(attributes["ref"])

    def end(self, name: str) -> None:
        if name in ("v", "t"):
            self._inside = False
        elif name == "c" and self._row is not None:
            self._next_column = _place(self._column) + 1
            written = "".join(self._text)[:_LONGEST_TEXT]
            if written or self._formula:
                self._row.cells[self._column] = self._cell(written)
        elif name == "row" and self._row is not None:
            self._rows.append(self._row)
            self._row = None

    def characters(self, data: str) -> None:
        if self._inside:
            self._text.append(data)

    def _cell(self, written: str) -> Cell:
        if self._formula:
            return Cell("formula", written or "=")
        text = self.strings[int(written)] if self._kind == "s" else written
        return Cell(_KINDS.get(self._kind, "error"), text)


def _parsed(part: IO[bytes], reader: _Reader) -> Iterator[None]:
    """Feeds the reader chunk by chunk and yields after each, so that whoever asks can take what is complete."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: reader.start(_local(name), attributes)
    parser.EndElementHandler = lambda name: reader.end(_local(name))
    parser.CharacterDataHandler = reader.characters
    parser.StartDoctypeDeclHandler = _no_doctype
    try:
        while chunk := part.read(_CHUNK):
            parser.Parse(chunk, False)  # noqa: FBT003 - the parser takes it by position only
            yield
        parser.Parse(b"", True)  # noqa: FBT003
    except (expat.ExpatError, zipfile.BadZipFile, ValueError, KeyError) as broken:
        raise Refused("workbook-unreadable") from broken
    yield


def _no_doctype(*_: object) -> None:
    raise Refused("workbook-unreadable")


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


def _following(before: int, attributes: dict[str, str]) -> int:
    """The row's own number. Rows out of order, twice, or beyond the format's end are no sheet of a spreadsheet's."""
    number = int(attributes.get("r", before + 1))
    if not before < number <= _LAST_ROW:
        raise Refused("workbook-unreadable")
    return number


def _place(letters: str) -> int:
    place = 0
    for character in letters:
        place = place * 26 + ord(character) - ord("A") + 1
    return place - 1

"""Sheets read from their own XML, as a stream: a row at a time, whatever the size, with what libraries hide (hidden rows and
columns, merges).

Invariant: memory does not grow with the number of rows. Shared strings go to a temporary file, deleted after the reading. Of the
cells beyond the requested width a row keeps the first.
"""

import re
import tempfile
from array import array
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import lru_cache
from typing import IO

from services.registry.domain.cells import Cell, CellKind
from services.registry.gateways.part_xml import Parts, is_on, parsed, whole
from services.registry.gateways.styles_xml import Calendar, iso_day
from shared.refusal import Refused
from shared.text import shown

_LONGEST_TEXT = 32_767  # of a cell, by the format
_LAST_ROW = 1_048_576  # of a sheet, by the format
_LAST_COLUMN = 16_384
_PLACE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
# As a spreadsheet writes it: float() alone takes digits of other scripts, 1_000 and nan.
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_MOST_STRINGS = 8_000_000  # each another one, in every cell of as many rows as an import may have
_MOST_MERGED = 100_000
_ESCAPED = re.compile(
    r"_x([0-9A-Fa-f]{4})_"
)  # a character that XML cannot hold, as the format writes it (ECMA-376 part 1, 22.9.2.19)
_KINDS: dict[str, CellKind] = {
    "s": "text",
    "str": "text",
    "inlineStr": "text",
    "b": "boolean",
    "e": "error",
}


@dataclass(frozen=True)
class Row:
    number: int
    hidden: bool
    cells: dict[int, Cell]  # by column, A is 0


class SharedStrings:
    """The workbook's shared strings, on disk; only their offsets are in memory (8 bytes each)."""

    def __init__(self, parts: Parts, part: str | None) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the reading, by `close`
        self._places = array("Q", [0])
        self._struck = bytearray()
        self._text = _Text()
        if part is not None:
            for _ in parsed(parts, part, self):
                if len(self._places) > _MOST_STRINGS:
                    raise Refused("workbook-too-large", part=parts.shown(part))
        self._file.flush()

    def __getitem__(self, index: int) -> tuple[str, bool]:
        """The text, and whether a line goes through any of it. Raises ValueError."""
        if not 0 <= index < len(self._places) - 1:
            raise ValueError(index)
        start, end = self._places[index], self._places[index + 1]
        self._file.seek(start)
        return self._file.read(end - start).decode(), bool(self._struck[index])

    def close(self) -> None:
        self._file.close()

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "si":
            self._text.clear()
        else:
            self._text.start(name, attributes)

    def end(self, name: str) -> None:
        if name == "si":
            written = self._text.written().encode()
            self._file.write(written)
            self._places.append(self._places[-1] + len(written))
            self._struck.append(self._text.struck)
        else:
            self._text.end(name)

    def characters(self, data: str) -> None:
        self._text.add(data)


class _Text:
    """The text of a cell (`is`, or `si` of the shared ones), up to the length limit of a cell, without its phonetic reading (`rPh`).

    `struck`: whether a run of it has a line through it.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._parts: list[str] = []
        self.room = _LONGEST_TEXT
        self._inside = self._phonetic = self._line = self.struck = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "t":
            self._inside = not self._phonetic
        elif name == "rPh":
            self._phonetic = True
        elif name == "r":
            self._line = False
        elif name == "strike":
            self._line = is_on(attributes)

    def end(self, name: str) -> None:
        if name == "t":
            self._inside = False
        elif name == "rPh":
            self._phonetic = False
        elif name == "r":
            self._line = False

    def add(self, data: str) -> None:
        if self._inside and self.room > 0:
            self.struck = self.struck or self._line
            self._parts.append(data[: self.room])
            self.room -= len(data)

    def written(self) -> str:
        text = "".join(self._parts)
        return _ESCAPED.sub(_character, text) if "_x" in text else text


def _character(escaped: re.Match[str]) -> str:
    """Decodes an escaped character. One that cannot be stored or shown becomes U+FFFD, which cells.py reports."""
    character = chr(int(escaped[1], 16))
    return character if shown(character) or character in "\t\r\n" else "\ufffd"


@dataclass
class Sheet:
    """One pass over a sheet of `width` columns, whose numbers are days in those of `days`.

    `hidden` (columns) is complete with the first row, `merged` only after the last, because the format writes them there.
    """

    parts: Parts
    part: str
    strings: SharedStrings
    width: int
    calendar: Calendar
    days: AbstractSet[int] = frozenset()
    hidden: set[int] = field(default_factory=set)
    merged: list[str] = field(default_factory=list)
    _rows: list[Row] = field(default_factory=list)
    _row: Row | None = None
    _number: int = 0
    _numbered: bool = False
    _column: int = -1
    _kind: str = "n"
    _style: int = 0
    _formula: bool = False
    _text: _Text = field(default_factory=_Text)
    _given: int = 0  # how many elements have given the cell a text
    _inside: str = ""
    _before: int = 0

    def rows(self) -> Iterator[Row]:
        for _ in parsed(self.parts, self.part, self):
            yield from self._rows
            self._rows.clear()

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "row":
            self._number, self._numbered = _following(self._number, attributes), "r" in attributes
            self._row = Row(self._number, _is_hidden(attributes, "ht"), {})
            self._column = -1
        elif name == "c":
            self._column = self._next_column(attributes)
            self._kind, self._formula = attributes.get("t", "n"), False
            self._style = whole(attributes["s"]) if "s" in attributes else 0
            self._text.clear()
            self._given = 0
        elif name == "f":
            self._formula = True
        elif name in ("v", "is"):
            self._inside, self._before = name, self._text.room
            self._text.start("t" if name == "v" else name, attributes)
        elif self._inside == "is":
            self._text.start(name, attributes)
        else:
            self._around(name, attributes)

    def _next_column(self, attributes: dict[str, str]) -> int:
        """Raises ValueError for a cell of another row, and for cells out of order or repeated: which one counts would be arbitrary."""
        if "r" not in attributes:
            return self._column + 1
        column, row = _place(attributes["r"])
        if column <= self._column or (self._numbered and row != self._number):
            raise ValueError(attributes["r"])
        return column

    def _around(self, name: str, attributes: dict[str, str]) -> None:
        """Elements before and after the cells of the sheet."""
        if name == "col":
            first = whole(attributes["min"], least=1, most=_LAST_COLUMN)
            last = whole(attributes["max"], least=first, most=_LAST_COLUMN)
            if _is_hidden(attributes, "width"):
                self.hidden.update(range(first - 1, min(last, self.width)))
        elif name == "mergeCell":
            if len(self.merged) == _MOST_MERGED:
                raise Refused("workbook-too-large", part=self.parts.shown(self.part))
            self.merged.append(_area(attributes["ref"]))

    def end(self, name: str) -> None:
        if name in ("v", "is"):
            self._inside = ""
            self._text.end("t")
            self._given += self._text.room < self._before
        elif self._inside == "is":
            self._text.end(name)
        elif name == "c" and self._row is not None:
            written = self._text.written()
            if (written or self._formula) and (self._column < self.width or self._is_first_past(self._row, written)):
                self._row.cells[self._column] = self._cell(written)
        elif name == "row" and self._row is not None:
            self._rows.append(self._row)
            self._row = None

    def characters(self, data: str) -> None:
        self._text.add(data)

    def _is_first_past(self, row: Row, written: str) -> bool:
        """Whether the row has nothing past the width yet, and this is more than spaces."""
        return max(row.cells, default=0) < self.width and self._cell(written).written.strip() != ""

    def _cell(self, written: str) -> Cell:
        struck = self._text.struck or self._style in self.calendar.struck
        if self._kind == "s" and not self._formula and self._given == 1:
            written, in_part = self.strings[whole(written)]
            struck = struck or in_part
        return Cell(*self._kind_of(written.strip() if self._kind == "n" else written), struck)

    def _kind_of(self, written: str) -> tuple[CellKind, str]:
        if self._formula:
            return "formula", written or "="
        if self._given > 1:  # a value and a text, or two of one: which one a program shows is its own choice
            return "error", written
        if self._kind == "n" and not _NUMBER.fullmatch(written):
            return "error", written
        if day := self._day(written):
            return "date", day
        if self._kind == "n":
            return self.calendar.shown_as(self._style, written), written
        return _KINDS.get(self._kind, "error"), written

    def _day(self, written: str) -> str | None:
        if self._kind == "d":
            return iso_day(written)
        is_shown_so = self._column in self.days or self._style in self.calendar.styles
        return self.calendar.day(written) if self._kind == "n" and is_shown_so else None


def _is_hidden(attributes: dict[str, str], size: str) -> bool:
    """Marked as hidden, or with width or height 0. Raises ValueError."""
    return attributes.get("hidden") in ("1", "true") or float(attributes.get(size, 1)) == 0


def _following(before: int, attributes: dict[str, str]) -> int:
    """The row's own number. Raises ValueError for rows out of order, repeated, or beyond the last row."""
    return whole(attributes.get("r", str(before + 1)), least=before + 1, most=_LAST_ROW)


def _place(address: str) -> tuple[int, int]:
    """AB7 is in column 27 and row 7. Raises ValueError, also for an address beyond the sheet."""
    if (found := _PLACE.fullmatch(address)) is None or (row := int(found[2])) > _LAST_ROW:
        raise ValueError(address[:20])
    return _column(found[1]), row


@lru_cache(maxsize=1_000)
def _column(letters: str) -> int:
    place = 0
    for character in letters:
        place = place * 26 + ord(character) - ord("A") + 1
    if place > _LAST_COLUMN:
        raise ValueError(letters)
    return place - 1


def _area(reference: str) -> str:
    """A2:A4. Raises ValueError, also for an area beyond the sheet or whose end stands before its beginning."""
    first, _, last = reference.partition(":")
    begin, end = _place(first), _place(last or first)
    if begin[0] > end[0] or begin[1] > end[1]:
        raise ValueError(reference[:20])
    return reference

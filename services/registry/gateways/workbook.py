"""A clerk's workbook, as the template has it: which sheet is which, whether the headers are right, its rows by column name."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO
from xml.etree import ElementTree as ET

from services.registry.domain.cells import Cell
from services.registry.domain.template import BUILDINGS, BUILDINGS_SHEET, HOLDERS, HOLDERS_SHEET, Column, letter
from services.registry.gateways import archive
from services.registry.gateways.sheet_xml import SharedStrings, Sheet
from shared.refusal import Refused

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_STRICT = "{http://purl.oclc.org/ooxml/spreadsheetml/main}"
_LARGEST_DIRECTORY = 1024 * 1024


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
        return TemplateSheet(Sheet(self.archive, self.sheets[name], self.strings), columns)


@dataclass(frozen=True)
class TemplateSheet:
    sheet: Sheet
    columns: tuple[Column, ...]

    def rows(self) -> Iterator[Row]:
        """The rows below the header that hold anything. Raises Refused: workbook-wrong-columns."""
        names = {letter(place): column.name for place, column in enumerate(self.columns)}
        rows = self.sheet.rows()
        self._check(next(rows, None))
        for row in rows:
            cells = {names[column]: cell for column, cell in row.cells.items() if column in names}
            if cells:
                yield Row(row.number, row.hidden, cells)

    def merged(self) -> list[str]:
        """Merged ranges, A2:A4 and the like. Known once all rows have been read."""
        return self.sheet.merged

    def _check(self, header: object) -> None:
        written = {column: cell.written for column, cell in getattr(header, "cells", {}).items()}
        for place, column in enumerate(self.columns):
            found = written.get(letter(place), "").removesuffix("*").strip()
            if found != column.header:
                raise Refused(
                    "workbook-wrong-columns", cell=f"{letter(place)}1", expected=column.header, found=found[:40]
                )


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
    """What can be refused while the clerk still waits: the archive, the sheets, the headers. Leaves the file at its start."""
    with archive.opened(file) as contents:
        sheets = _sheets(contents)
    for name in (HOLDERS_SHEET, BUILDINGS_SHEET):
        if name not in sheets:
            raise Refused("workbook-wrong-sheet", expected=name)
    file.seek(0)


def _sheets(contents: zipfile.ZipFile) -> dict[str, str]:
    workbook = _parsed(contents, "xl/workbook.xml")
    targets = {each.get("Id"): each.get("Target", "") for each in _parsed(contents, "xl/_rels/workbook.xml.rels")}
    sheets: dict[str, str] = {}
    for sheet in [*workbook.iter(f"{_MAIN}sheet"), *workbook.iter(f"{_STRICT}sheet")]:
        relation = next((value for name, value in sheet.attrib.items() if name.endswith("}id")), None)
        target = targets.get(relation, "").lstrip("/")
        path = target if target.startswith("xl/") else f"xl/{target}"
        if path in contents.namelist():
            sheets[sheet.get("name", "")] = path
    return sheets


def _parsed(contents: zipfile.ZipFile, path: str) -> ET.Element:
    try:
        if contents.getinfo(path).file_size > _LARGEST_DIRECTORY:
            raise Refused("workbook-too-large")
        document = contents.read(path)
        if b"<!DOCTYPE" in document:
            raise Refused("workbook-unreadable")
        return ET.fromstring(document)  # noqa: S314 - no document type declaration, hence no entities
    except (KeyError, ET.ParseError, zipfile.BadZipFile) as broken:
        raise Refused("workbook-unreadable") from broken

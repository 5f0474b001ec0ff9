"""The annotated workbook: does it show every cell that a file may hold, at its own place, whatever the file?"""

import io
import re
import unicodedata
import zipfile
from collections.abc import Iterator

import openpyxl
import pytest

from services.registry.domain.cells import Cell, Fault
from services.registry.domain.template import BUILDINGS, BUILDINGS_SHEET, HOLDERS, HOLDERS_SHEET, SHEETS, Column
from services.registry.gateways import csv_file, workbook, workbook_writer
from services.registry.gateways.workbook import Row

LAST_ROW = 1_048_576
NOT_OF_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def annotated(rows: dict[str, list[Row]], faults: dict[tuple[str, int], list[Fault]] | None = None) -> io.BytesIO:
    made = io.BytesIO()
    sheets: list[tuple[str, Iterator[Row]]] = [(name, iter(rows.get(name, []))) for name in SHEETS]
    workbook_writer.annotate(made, sheets, faults or {}, sentence=lambda code: code)
    return made


def read_back(made: io.BytesIO, name: str) -> dict[int, dict[str, Cell]]:
    with workbook.reading(made) as book:
        return {row.number: row.cells for row in book.sheet(name).rows()}


def one_of_each_class() -> list[str]:
    """A character of every class of Unicode, and every control: the classes of XML 1.0 are finer there."""
    found: dict[str, str] = {}
    for point in [*range(0x3000), *range(0xD7FF, 0x1_1000), 0xE_0001, 0xF_0000, 0x10_FFFF]:
        found.setdefault(unicodedata.category(chr(point)), chr(point))
    assert {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs", "Lo"} <= found.keys()
    return [
        *found.values(),
        *map(chr, range(0x20)),
        "\x7f",
        "\x85",
        "\ud800",
        "\udfff",
        "\ufffe",
        "\uffff",
        "\U0010ffff",
    ]


@pytest.mark.parametrize("name", SHEETS)
def test_every_character_of_a_cell_is_shown_or_stands_as_one_that_could_not_be_kept(name: str):
    written = [f"a{character}b" for character in one_of_each_class()]
    rows = [
        Row(number, hidden=False, cells={column.name: Cell("typed", text) for column in SHEETS[name]})
        for number, text in enumerate(written, start=2)
    ]

    made = annotated({name: rows})

    openpyxl.load_workbook(made).close()
    shown = [NOT_OF_XML.sub("\ufffd", text).replace("\r", "\n") for text in written]  # XML reads CR as LF
    assert read_back(made, name) == {
        number: {column.name: Cell("text", text) for column in SHEETS[name]}
        for number, text in enumerate(shown, start=2)
    }


@pytest.mark.parametrize("character", ["\x01", "\x0b", "\x1f", "\u200b", "\ufffe", "\u2028"])
def test_a_csv_with_a_control_character_is_annotated(character: str):
    line = ",".join([f"a{character}"] * len(BUILDINGS))
    headers = ",".join(column.header for column in BUILDINGS)
    file = io.BytesIO(f"{headers}\n{line}\n".encode())
    with csv_file.reading(file) as book:
        rows = list(book.sheet(BUILDINGS_SHEET).rows())

    shown = read_back(annotated({BUILDINGS_SHEET: rows}), BUILDINGS_SHEET)

    assert {cell.written for cell in shown[2].values()} == {NOT_OF_XML.sub("\ufffd", f"a{character}")}


@pytest.mark.parametrize("written", ["_x0041_", "_x005F_x0041_", "=1+1", " x ", "\t", "x" * 32_767])
def test_a_text_is_not_taken_for_another_when_the_workbook_is_uploaded_again(written: str):
    rows = [Row(2, hidden=False, cells={"household": Cell("text", written)})]

    assert read_back(annotated({HOLDERS_SHEET: rows}), HOLDERS_SHEET) == {2: {"household": Cell("text", written)}}


@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31", "1900-02-28", "1900-03-01", "9999-12-31"])
def test_a_day_before_the_first_of_a_spreadsheet_is_shown_all_the_same(day: str):
    made = annotated({HOLDERS_SHEET: [Row(2, hidden=False, cells={"titled_on": Cell("date", day)})]})

    openpyxl.load_workbook(made).close()
    assert read_back(made, HOLDERS_SHEET)[2]["titled_on"].written == day


def test_a_far_row_keeps_its_number_and_the_rows_before_it_cost_nothing():
    fault = Fault(HOLDERS_SHEET, LAST_ROW, "compound", "merged-cell")
    rows = [Row(number, hidden=False, cells={"compound": Cell("text", "云汀里")}) for number in (2, 500_000)]

    made = annotated({HOLDERS_SHEET: rows}, {(HOLDERS_SHEET, LAST_ROW): [fault]})

    with zipfile.ZipFile(made) as archive:
        part = archive.read("xl/worksheets/sheet1.xml").decode()
    assert re.findall(r'<row r="(\d+)"', part) == ["1", "2", "500000", str(LAST_ROW)]
    sheet = openpyxl.load_workbook(made)[HOLDERS_SHEET]
    assert sheet["A500000"].value == "云汀里"
    assert sheet.cell(LAST_ROW, len(HOLDERS) + 1).value == f"{header('compound', HOLDERS)}：merged-cell"


def header(name: str, columns: tuple[Column, ...]) -> str:
    return next(column.header for column in columns if column.name == name)


def test_a_cell_that_was_struck_through_stays_so():
    struck = Row(2, hidden=False, cells={"name": Cell("text", "陈安", struck=True), "floor": Cell("number", "3")})

    back = read_back(annotated({HOLDERS_SHEET: [struck]}), HOLDERS_SHEET)

    assert back[2] == struck.cells

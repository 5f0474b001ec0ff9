"""A csv as spreadsheets and databases write it: is it read as the workbook would be, and what cannot be believed refused?"""

import codecs
import io
import tracemalloc

import pytest

from services.registry.domain import sample
from services.registry.domain.cells import Cell
from services.registry.domain.template import BUILDINGS_SHEET, HOLDERS, HOLDERS_SHEET
from services.registry.gateways import csv_file, csv_writer, uploads
from shared.refusal import Refused

BUILDINGS_HEAD = "小区*,楼栋*,楼栋编码,单元数*,地上层数*,地下层数*"
BUILDING = "云汀里,1栋,4403030010010000001,2,5,0"
HOLDERS_HEAD = ",".join(column.header for column in HOLDERS)
WRITTEN = "云汀里,1栋,1单元,1,101,HF-01,,住宅,钢混,65.18,,,2005/3/1,单独所有,陈帆,护照,E12345678"
HOLDER = WRITTEN + "," * (len(HOLDERS) - len(WRITTEN.split(",")))


def lines(*written: str, end: str = "\r\n") -> bytes:
    return (end.join(written) + end).encode()


def rows(content: bytes, name: str = HOLDERS_SHEET) -> list:
    with csv_file.reading(io.BytesIO(content)) as book:
        return list(book.sheet(name).rows())


RIGHT = lines(BUILDINGS_HEAD, BUILDING, "", HOLDERS_HEAD, HOLDER)


def inspected(content: bytes, name: str) -> list:
    csv_file.inspect(io.BytesIO(content))
    return rows(content, name)


def refused(content: bytes, name: str = HOLDERS_SHEET) -> Refused:
    with pytest.raises(Refused) as refusal:
        inspected(content, name)
    return refusal.value


def test_every_row_comes_back_as_written():
    made, file = sample.made(seed=1, units=20, district="440303"), io.BytesIO()
    csv_writer.write(file, holders=made.holders, buildings=made.buildings)
    assert file.getvalue().startswith(codecs.BOM_UTF8 + "小区*,楼栋*,楼栋编码".encode())

    read = [{name: cell.written for name, cell in row.cells.items()} for row in rows(file.getvalue())]
    assert read == [{name: str(value) for name, value in line.items()} for line in made.holders]
    assert [row.number for row in rows(file.getvalue(), BUILDINGS_SHEET)] == [2]


@pytest.mark.parametrize(
    "content",
    [
        RIGHT,
        codecs.BOM_UTF8 + RIGHT,
        RIGHT.decode().encode("gb18030"),
        RIGHT.replace(b"\r\n", b"\n"),
        RIGHT.replace(b"\r\n", b"\r"),
        RIGHT.removesuffix(b"\r\n"),
        lines(BUILDINGS_HEAD + "," * 21, BUILDING + "," * 21, "," * 26, HOLDERS_HEAD, HOLDER),
        lines(BUILDINGS_HEAD, BUILDING, "", HOLDERS_HEAD, HOLDER.rstrip(",")),
        lines(BUILDINGS_HEAD, BUILDING, "", HOLDERS_HEAD + ",问题", HOLDER + ",改好了"),
        b"sep=,\r\n" + RIGHT,
        codecs.BOM_UTF8 + b'"SEP=,"' + b"," * 26 + b"\r\n" + RIGHT,
        ("sep=,\r\n" + RIGHT.decode()).encode("gb18030"),
    ],
    ids=[
        "utf-8",
        "mark",
        "gb18030",
        "LF",
        "CR",
        "no-end",
        "padded",
        "cut-short",
        "a-column-more",
        "sep",
        "sep-padded",
        "sep-gb18030",
    ],
)
def test_however_a_spreadsheet_writes_it_the_rows_are_the_same(content: bytes):
    csv_file.inspect(io.BytesIO(content))
    (building,), (holder,) = rows(content, BUILDINGS_SHEET), rows(content)

    assert (building.number, building.cells["building_code"].written) == (2, "4403030010010000001")
    assert (holder.number, holder.cells["name"]) == (5, Cell("typed", "陈帆"))
    assert holder.cells["titled_on"] == Cell("date", "2005-03-01")
    assert len(building.cells) == 6 and len(holder.cells) == 14


def test_tables_come_in_any_order_and_more_than_once():
    content = lines(HOLDERS_HEAD, HOLDER, BUILDINGS_HEAD, BUILDING, "\ufeff" + HOLDERS_HEAD, HOLDER, HOLDER)

    assert [row.number for row in rows(content)] == [2, 6, 7]
    assert [row.number for row in rows(content, BUILDINGS_SHEET)] == [4]


def test_a_line_break_in_quotes_belongs_to_its_cell_and_counts_no_row():
    content = lines(HOLDERS_HEAD, HOLDER.replace("陈帆", '"陈\n""帆"""'), HOLDER, BUILDINGS_HEAD)

    assert [(row.number, row.cells["name"].written) for row in rows(content)] == [(2, '陈\n"帆"'), (3, "陈帆")]


@pytest.mark.parametrize(
    ("content", "code", "facts"),
    [
        (RIGHT.decode().encode("utf-16"), "csv-encoding", {}),
        ("小區,樓棟,單元,樓層\r\n".encode("big5"), "csv-encoding", {}),
        (b"\xff\xfe\xfd", "csv-encoding", {}),
        (RIGHT + b"\xe5\xff", "csv-encoding", {}),
        (RIGHT + b"\0", "csv-nul", {"line": 6}),
        (RIGHT + b'"open,\r\n', "csv-quotes", {"row": 6}),
        (RIGHT + b'"open,' + b"\r\n" * 200_000, "csv-quotes", {"row": 6}),
        (RIGHT + b'"closed"too soon,\r\n', "csv-quotes", {"row": 6}),
        (RIGHT + b"," * 200_000, "workbook-too-large", {}),
        (
            RIGHT + f"{HOLDER},x\r\n".encode(),
            "csv-ragged",
            {"row": 6, "expected": len(HOLDERS), "found": len(HOLDERS) + 1},
        ),
        (RIGHT + "云汀里,1栋,1单元\r\n".encode(), "csv-ragged", {"row": 6, "expected": len(HOLDERS), "found": 3}),
        (b"", "workbook-wrong-columns", {"cell": "A1", "expected": "小区", "found": ""}),
        (lines(BUILDING), "workbook-wrong-columns", {"cell": "A1", "expected": "小区", "found": "云汀里"}),
        (
            lines("", HOLDERS_HEAD.replace("单元,", "", 1)),
            "workbook-wrong-columns",
            {"cell": "C2", "expected": "单元", "found": "楼层"},
        ),
        (lines("", BUILDINGS_HEAD.replace(",", ";")), "csv-separator", {"row": 2}),
        (b"sep=;\r\n" + RIGHT.replace(b",", b";"), "csv-separator", {"row": 1}),
        (
            b"sep=,\r\n" + RIGHT + f"{HOLDER},x\r\n".encode(),
            "csv-ragged",
            {"row": 6, "expected": len(HOLDERS), "found": len(HOLDERS) + 1},
        ),
        (lines(HOLDERS_HEAD.replace(",", "\t")).decode().encode("gb18030"), "csv-separator", {"row": 1}),
        (lines(BUILDINGS_HEAD, BUILDING), "workbook-wrong-sheet", {"expected": HOLDERS_SHEET}),
    ],
)
def test_an_invalid_csv_is_refused_with_the_place(content: bytes, code: str, facts: dict):
    refusal = refused(content)

    assert (refusal.code, refusal.facts) == (code, facts)


def test_a_buildings_row_is_held_to_its_own_header():
    refusal = refused(lines(BUILDINGS_HEAD, BUILDING + ",x", HOLDERS_HEAD), BUILDINGS_SHEET)

    assert (refusal.code, refusal.facts) == ("csv-ragged", {"row": 2, "expected": 6, "found": 7})


def test_the_name_says_what_a_file_is():
    for name in ("units.csv", "UNITS.CSV"):
        uploads.inspect(io.BytesIO(RIGHT), name=name)
    with pytest.raises(Refused, match=r"^workbook-unreadable$"):
        uploads.inspect(io.BytesIO(RIGHT), name="units.xlsx")


@pytest.mark.parametrize("tail", [b'"' + b"x,\r\n" * 2_000_000, b"," * 8_000_000], ids=["a quote", "a row without end"])
def test_at_most_the_maximum_length_of_a_row_is_kept(tail: bytes):
    file = io.BytesIO(RIGHT + tail)
    tracemalloc.start()
    with csv_file.reading(file) as book, pytest.raises(Refused, match=r"csv-quotes|workbook-too-large"):
        list(book.sheet(HOLDERS_SHEET).rows())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 3 * 1024 * 1024

"""Sheets as spreadsheets write them: are they read correctly, and are harmful files refused by their table of contents?"""

import io
import tracemalloc
import zipfile

import openpyxl
import pytest

from services.registry.domain import sample
from services.registry.domain.cells import Cell, Fault
from services.registry.domain.template import BUILDINGS, BUILDINGS_SHEET, HOLDERS, HOLDERS_SHEET
from services.registry.gateways import workbook, workbook_stream, workbook_writer
from shared.refusal import Refused

MEGABYTE = 1024 * 1024


def a_workbook(units: int = 20) -> io.BytesIO:
    made, file = sample.made(seed=1, units=units, district="440303"), io.BytesIO()
    workbook_stream.write(file, holders=made.holders, buildings=made.buildings)
    file.seek(0)
    return file


def edited(change) -> io.BytesIO:
    """Opened and saved by another program, as a clerk's is."""
    book = openpyxl.load_workbook(a_workbook())
    change(book)
    file = io.BytesIO()
    book.save(file)
    book.close()
    file.seek(0)
    return file


def repacked(file: io.BytesIO, *, packed: int = zipfile.ZIP_DEFLATED, **parts: bytes) -> io.BytesIO:
    made = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(made, "w", packed) as new:
        for entry in old.infolist():
            if entry.filename not in parts:
                new.writestr(entry.filename, old.read(entry))
        for name, content in parts.items():
            new.writestr(name, content)
    made.seek(0)
    return made


def typed(content_type: str, encoding: str = "utf-8", *, part: str = "/xl/workbook.xml", **parts: bytes) -> io.BytesIO:
    """With a part declared to be of that type."""
    types = (
        f'<?xml version="1.0" encoding="{encoding}"?><Types><Override PartName="/xl/workbook.xml" ContentType="application/'
        'vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="'
        f'{part}" ContentType="{content_type}"/></Types>'
    )
    return repacked(a_workbook(), **{"[Content_Types].xml": types.encode(encoding), **parts})


def huge() -> io.BytesIO:
    """A part whose declared size is 700 MB."""
    file = a_workbook()
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("xl/media/bomb.bin", b"\0")
        archive.infolist()[-1].file_size = 700 * MEGABYTE
    file.seek(0)
    return file


def test_every_row_comes_back_as_written():
    made = sample.made(seed=1, units=20, district="440303")
    with workbook.reading(a_workbook()) as book:
        rows = list(book.sheet(HOLDERS_SHEET).rows())

    assert [row.number for row in rows] == list(range(2, len(made.holders) + 2))
    for row, line in zip(rows, made.holders, strict=True):
        # 86.57 is written as 86.56999999999999 by some programs; cells.py takes it for what was typed.
        read = {
            name: float(cell.written) if cell.kind == "number" else cell.written for name, cell in row.cells.items()
        }
        assert read == {
            name: pytest.approx(value) if isinstance(value, float) else value for name, value in line.items()
        }


def test_the_same_rows_are_the_same_bytes_whenever_they_are_written():
    with zipfile.ZipFile(a_workbook()) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert a_workbook().getvalue() == a_workbook().getvalue()


@pytest.mark.parametrize("label", ["_x0041_", "_x005F_x0041_", "=1+1", "{<&>}", "a_xb", "'1"])
def test_every_text_is_read_back_unchanged(label: str):
    file = io.BytesIO()
    workbook_stream.write(file, holders=[{"household": label}], buildings=[])
    with workbook.reading(file) as book:
        (row,) = book.sheet(HOLDERS_SHEET).rows()

    assert row.cells == {"household": Cell("text", label)}


def test_hidden_rows_and_columns_are_found():
    def hide(book):
        sheet = book[HOLDERS_SHEET]
        sheet.row_dimensions[3].hidden = True
        sheet.merge_cells("A4:A5")
        beside = len(HOLDERS) + 1  # nobody's mistake
        sheet.merge_cells(start_row=4, end_row=5, start_column=beside, end_column=beside + 1)
        sheet.column_dimensions["L"].hidden = True
        sheet.column_dimensions["G"].hidden = True
        sheet.column_dimensions["M"].hidden = True  # where nothing stands
        sheet["J6"] = "=60+5"
        sheet["L6"] = "H1"

    with workbook.reading(edited(hide)) as book:
        sheet = book.sheet(HOLDERS_SHEET)
        rows = {row.number: row for row in sheet.rows()}

    assert rows[3].hidden and not rows[2].hidden
    assert list(sheet.faults()) == [
        Fault(HOLDERS_SHEET, 1, "house_code", "hidden-column"),
        Fault(HOLDERS_SHEET, 1, "household", "hidden-column"),
        Fault(HOLDERS_SHEET, 4, "compound", "merged-cell"),
    ]
    assert rows[6].cells["registered_area"] == Cell("formula", "=")


@pytest.mark.parametrize("above", [0, 1, 5])
def test_rows_under_the_headers_of_the_template_on_another_sheet_are_refused_unless_there_are_none(above: int):
    def copied(rows: int):
        def copy(book):
            book.create_sheet("说明", 0).append(["小区", "楼栋", "先读这里"])
            other = book.create_sheet("第二批")
            lines = [["澄水湾片区"]] * above + [[cell.value for cell in book[HOLDERS_SHEET][row]] for row in (1, 2, 3)]
            for line in lines[: above + rows]:
                other.append(line)

        return edited(copy)

    with pytest.raises(Refused, match=r"^workbook-split$") as refused, workbook.reading(copied(2)):
        pass
    with workbook.reading(copied(1)) as book:
        assert len(list(book.sheet(BUILDINGS_SHEET).rows())) > 0
    assert refused.value.facts == {"sheet": "第二批"}


@pytest.mark.parametrize(
    ("code", "number", "kind"),
    [
        ("000", 1, "formatted"),
        ("000", 302, "number"),
        ('0"栋"', 3, "formatted"),
        ("0栋", 3, "formatted"),
        ('"A"000', 302, "formatted"),
        ("0%", 3, "scaled"),
        (";;;", 302, "scaled"),
        ('"无"', 302, "scaled"),
        ("0,", 302_000, "scaled"),
        ('0!.0,"万"', 302, "scaled"),
        ("0\\.0", 302, "scaled"),
        ('"1"0', 302, "scaled"),
        ("0;0", -302, "scaled"),
        ("0;0", 302, "number"),
        ("0;[Red]-0", -302, "number"),
        ("0_);(0)", -302, "number"),
        ("0;-0;", 0, "scaled"),
        ('[<100]"少";0', 302, "number"),
        ('[<100]"少";0', 30, "scaled"),
        ('0.00"m2"', 302, "formatted"),
        ("0;@", 302, "number"),
        ("[DBNum1]0", 3, "formatted"),
        ("000-0000-0000", 13_800_138_000, "number"),
        ('[Red]0.00_);[Blue]\\(0.00\\)" m²"', 65.18, "number"),
        ("G/通用格式", 302, "number"),
        ("#,##0.00", 1302, "number"),
        ("0.00E+00", 1302, "number"),
        ("[$¥-804]#,##0", 302, "number"),
    ],
)
def test_a_number_that_the_sheet_shows_as_another_text_is_known(code: str, number: float, kind: str):
    def write(book):
        book[HOLDERS_SHEET]["E3"].value, book[HOLDERS_SHEET]["E3"].number_format = number, code

    with workbook.reading(edited(write)) as book:
        rows = {row.number: row.cells["door"] for row in book.sheet(HOLDERS_SHEET).rows()}

    assert (rows[3].kind, float(rows[3].written)) == (kind, pytest.approx(number))


def test_a_row_or_column_of_zero_size_is_hidden_too():
    file = a_workbook()
    with zipfile.ZipFile(file) as archive:
        part = archive.read("xl/worksheets/sheet1.xml").decode()
    part = part.replace('<row r="3"', '<row r="3" ht="0" customHeight="1"').replace('width="30"', 'width="0"', 1)
    with workbook.reading(repacked(file, **{"xl/worksheets/sheet1.xml": part.encode()})) as book:
        sheet = book.sheet(HOLDERS_SHEET)
        hidden = [row.number for row in sheet.rows() if row.hidden]

    assert hidden == [3] and list(sheet.faults()) == [Fault(HOLDERS_SHEET, 1, "unit_code", "hidden-column")]


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (lambda: io.BytesIO(b"no zip at all"), "workbook-unreadable"),
        (lambda: io.BytesIO(bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 512), "workbook-encrypted"),
        (lambda: repacked(a_workbook(), **{"xl/vbaProject.bin": b"x"}), "workbook-macros"),
        (lambda: typed("application/vnd.ms-excel.sheet.macroEnabled.main+xml"), "workbook-macros"),
        (
            lambda: typed("application/vnd.ms-office.vbaProject", "utf-16", part="/xl/a.bin", **{"xl/a.bin": b"x"}),
            "workbook-macros",
        ),
        (huge, "workbook-too-large"),
        (lambda: edited(lambda book: book.remove(book[BUILDINGS_SHEET])), "workbook-wrong-sheet"),
        (
            lambda: repacked(a_workbook(), **{"xl/workbook.xml": b'<!DOCTYPE x [<!ENTITY a "b">]><x/>'}),
            "workbook-unreadable",
        ),
    ],
    ids=["no-zip", "password", "macros", "xlsm", "macros-by-another-name", "bomb", "wrong-sheet", "doctype"],
)
def test_a_harmful_file_is_refused_before_it_is_unpacked(file, code):
    with pytest.raises(Refused, match=code):
        workbook.inspect(file())


def test_an_entity_in_a_sheet_is_refused():
    bomb = b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet><sheetData/></worksheet>'
    with (
        workbook.reading(repacked(a_workbook(), **{"xl/worksheets/sheet1.xml": bomb})) as book,
        pytest.raises(Refused, match=r"^workbook-unreadable$"),
    ):
        list(book.sheet(HOLDERS_SHEET).rows())


MEGABYTES = 2 * MEGABYTE


@pytest.mark.parametrize(
    "part",
    [
        b"<worksheet>" + b"<a>" * 200,
        b'<worksheet a="' + b"x" * MEGABYTES + b'"/>',
        b"<worksheet><!--" + b"x" * MEGABYTES + b"--></worksheet>",
        b"<worksheet>" + b"".join(b"<n%d/>" % number for number in range(20_000)) + b"</worksheet>",
        b'<worksheet><sheetData><row r="1"><c r="' + b"A" * 100_000 + b'"><v>1</v></c></row></sheetData></worksheet>',
        b'<worksheet><mergeCells><mergeCell ref="$A$99999999999"/></mergeCells></worksheet>',
        '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x [<!ENTITY a "b">]><worksheet/>'.encode("utf-16"),
    ],
    ids=["nested", "attribute", "comment", "names", "column", "merge", "entity-in-utf-16"],
)
def test_xml_that_no_spreadsheet_writes_is_refused_with_little_memory(part: bytes):
    # Stored without compression, so that the reader and not the ratio must find it.
    file = repacked(a_workbook(), packed=zipfile.ZIP_STORED, **{"xl/worksheets/sheet1.xml": part})
    with workbook.reading(file) as book:
        tracemalloc.start()
        with pytest.raises(Refused, match=r"^workbook-unreadable$"):
            list(book.sheet(HOLDERS_SHEET).sheet.rows())
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    assert peak < 3 * MEGABYTES


@pytest.mark.parametrize(
    "cells",
    [b'<c r="A1" t="str"><v>' + b"x" * MEGABYTES * 4 + b"</v></c>", b'<c t="str"><v>x</v></c>' * 40_000],
    ids=["a cell without end", "a row without end"],
)
def test_no_more_of_a_row_is_kept_than_the_template_has_room_for(cells: bytes):
    part = b"<worksheet><dimension ref='A1:XFD1048576'/><sheetData><row>" + cells + b"</row></sheetData></worksheet>"
    file = repacked(a_workbook(), packed=zipfile.ZIP_STORED, **{"xl/worksheets/sheet1.xml": part})
    with workbook.reading(file) as book:
        (row,) = book.sheet(HOLDERS_SHEET).sheet.rows()

    # One column more than the template's, to see a header that is the clerk's own, and one cell past it.
    assert len(row.cells) <= len(HOLDERS) + 2 and sum(len(cell.written) for cell in row.cells.values()) < 40_000


def test_a_part_that_is_broken_or_packed_as_no_spreadsheet_does_is_refused():
    whole = a_workbook().getvalue()
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        start = archive.getinfo("xl/worksheets/sheet1.xml").header_offset
    broken = whole[: start + 200] + b"\xff" * 200 + whole[start + 400 :]
    with workbook.reading(io.BytesIO(broken)) as book, pytest.raises(Refused, match=r"^workbook-unreadable$"):
        list(book.sheet(HOLDERS_SHEET).rows())
    with pytest.raises(Refused, match=r"^workbook-unreadable$"):
        workbook.inspect(repacked(a_workbook(), packed=zipfile.ZIP_BZIP2))


def test_a_forged_table_of_contents_is_not_read_whole():
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for number in range(20_000):
            archive.writestr(f"{number:040d}", b"")
    with pytest.raises(Refused, match=r"^workbook-too-large$"):
        workbook.inspect(made)


@pytest.mark.parametrize("rows", ['<row r="2000000000"/>', '<row r="3"/><row r="3"/>', '<row r="5"/><row r="4"/>'])
def test_rows_that_no_spreadsheet_numbers_so_are_refused(rows):
    part = f"<worksheet><sheetData>{rows}</sheetData></worksheet>".encode()
    with (
        workbook.reading(repacked(a_workbook(), **{"xl/worksheets/sheet1.xml": part})) as book,
        pytest.raises(Refused, match=r"^workbook-unreadable$"),
    ):
        list(book.sheet(HOLDERS_SHEET).sheet.rows())


def test_a_header_out_of_place_is_named_by_its_cell():
    def rename(book):
        book[HOLDERS_SHEET]["C1"] = "门洞"

    with workbook.reading(edited(rename)) as book, pytest.raises(Refused) as refusal:
        list(book.sheet(HOLDERS_SHEET).rows())

    assert refusal.value.code == "workbook-wrong-columns"
    assert refusal.value.facts == {"cell": "C1", "expected": "单元", "found": "门洞"}


def test_mistakes_are_written_beside_their_cells():
    made = io.BytesIO()
    fault = Fault(HOLDERS_SHEET, 3, "document_number", "check-digit")
    with workbook.reading(a_workbook()) as book:
        sheets = [(name, book.sheet(name).rows()) for name in (HOLDERS_SHEET, BUILDINGS_SHEET)]
        workbook_writer.annotate(made, sheets, {(HOLDERS_SHEET, 3): [fault]}, sentence=lambda code: f"<{code}>")

    book = openpyxl.load_workbook(made)
    sheet = book[HOLDERS_SHEET]
    assert sheet.cell(3, len(HOLDERS) + 1).value == "证件号码：<check-digit>"
    assert sheet["Q3"].fill.fgColor.rgb == "FFFDEEEC" and sheet["Q2"].fill.fill_type is None
    assert sheet.cell(2, len(HOLDERS) + 1).value is None
    assert book[BUILDINGS_SHEET].max_row == 2 and len(BUILDINGS) == 6


def test_a_formula_is_shown_in_the_annotated_workbook_and_not_run():
    def formula(book):
        book[HOLDERS_SHEET]["N2"] = "=HYPERLINK(1)"

    made = io.BytesIO()
    with workbook.reading(edited(formula)) as book:
        workbook_writer.annotate(made, [(HOLDERS_SHEET, book.sheet(HOLDERS_SHEET).rows())], {}, sentence=str)

    assert openpyxl.load_workbook(made)[HOLDERS_SHEET]["N2"].data_type != "f"


@pytest.mark.timeout(400)  # tracing every allocation takes 22 s on a quiet machine
def test_an_export_holds_no_more_with_more_rows():
    """Here and not among the integration tests: their process has threads of Kafka clients, which allocate too."""
    line = {column.name: "一段文字{不是公式}" for column in HOLDERS}
    peaks = []
    for count in (2_000, 20_000):
        tracemalloc.start()
        sent = sum(
            len(chunk) for chunk in workbook_stream.stream([(HOLDERS_SHEET, HOLDERS, (line for _ in range(count)))])
        )
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert sent > count

    assert peaks[1] < peaks[0] * 1.5

"""Numbers and references of a workbook that no spreadsheet writes: does any of them cost memory or time, or end in an error?"""

import io
from functools import cache
from pathlib import Path

from services.registry.domain.template import HOLDERS
from services.registry.gateways import sheet_xml, styles_xml
from tests.support import bounded
from tests.unit.registry.test_workbook import edited, repacked

SHEET, STYLES = "xl/worksheets/sheet1.xml", "xl/styles.xml"
NUMBERS = (
    "-999999999", "-1", "0", "1", "3", "16384", "16385", "1048576", "1048577", "4294967296", "9" * 20, "9" * 5_000,
    "٣", "１", "1_0", " 1", "+1", "1.5", "1e9", "nan", "inf", "", "A",
)  # fmt: skip
PLACES = (
    "A-1", "A0", "A1", "A3", "A1048576", "A1048577", "A9999999", "A" + "9" * 5_000, "XFD3", "XFE3", "ZZZ3", "AAAA3",
    "Ａ3", "A３", "A٣", "a3", "A", "3", "", "$A$3",
)  # fmt: skip
AREAS = (
    *PLACES, "A9999999:B9999999", "A1048576:B1048576", "A1:XFD1048576", "A4:A5", "A5:A4", "B4:A4", "A4:", ":A4", "A4:A5:A6",
    "A4:XFE5", "A4 A5",
)  # fmt: skip
# An attribute of the format, the part and the text there that gives way to it with each value.
ATTRIBUTES = {
    "col@min": (SHEET, "<cols>", '<cols><col min="{}" max="5" hidden="1"/>', NUMBERS),
    "col@max": (SHEET, "<cols>", '<cols><col min="2" max="{}" hidden="1"/>', NUMBERS),
    "col@width": (SHEET, "<cols>", '<cols><col min="2" max="3" width="{}"/>', NUMBERS),
    "row@r": (SHEET, "</sheetData>", '<row r="{}"><c t="str"><v>x</v></c></row></sheetData>', NUMBERS),
    "row@ht": (SHEET, "</sheetData>", '<row ht="{}"><c t="str"><v>x</v></c></row></sheetData>', NUMBERS),
    "c@r": (SHEET, "</sheetData>", '<row><c r="{}" t="str"><v>x</v></c></row></sheetData>', PLACES),
    "c@s": (SHEET, "</sheetData>", '<row><c s="{}"><v>35551</v></c></row></sheetData>', NUMBERS),
    "mergeCell@ref": (SHEET, "</sheetData>", '</sheetData><mergeCells><mergeCell ref="{}"/></mergeCells>', AREAS),
    "shared string": (SHEET, "</sheetData>", '<row><c t="s"><v>{}</v></c></row></sheetData>', NUMBERS),
    "number": (SHEET, "</sheetData>", "<row><c><v>{}</v></c></row></sheetData>", NUMBERS),
    "day": (SHEET, "</sheetData>", '<row><c t="d"><v>{}</v></c></row></sheetData>', ("0001-01-01", "9999-12-31", *NUMBERS)),
    "numFmt@numFmtId": (STYLES, "<fonts", '<numFmts><numFmt numFmtId="{}" formatCode="y"/></numFmts><fonts', NUMBERS),
    "xf@numFmtId": (STYLES, "</cellXfs>", '<xf numFmtId="{}"/></cellXfs>', NUMBERS),
    "xf@fontId": (STYLES, "</cellXfs>", '<xf fontId="{}"/></cellXfs>', NUMBERS),
}  # fmt: skip
READ = (
    "min",
    "max",
    "width",
    "r",
    "ht",
    "s",
    "ref",
    "numFmtId",
    "fontId",
)  # attributes of which a reader makes a number or a place
UNREADABLE = {
    "col@min": ("-999999999", "-1", "0", "16385", "9" * 20, "٣", "1_0", "16384"),  # the last: after the column's end
    "col@max": ("-1", "0", "1", "16385", "１"),
    "row@r": ("-1", "0", "1", "1048577", "１"),
    "c@r": ("A0", "A1048577", "A9999999", "XFE3", "ZZZ3", "A３"),
    "c@s": ("-1", "4294967296", "٣"),
    "mergeCell@ref": ("A9999999:B9999999", "A1048577", "ZZZ3", "A5:A4", "B4:A4", "A３"),
    "shared string": ("-1", "9" * 20, "٣"),
    "numFmt@numFmtId": ("-1", "٣"),
    "xf@numFmtId": ("-1", "٣"),
    "xf@fontId": ("-1", "٣"),
}


@cache
def saved() -> io.BytesIO:
    return edited(lambda _: None)


def of(part: str, before: str, after: str) -> bytes:
    file = saved()
    content = bounded.part(file, part).decode()
    assert before in content
    return repacked(file, **{part: content.replace(before, after, 1).encode()}).getvalue()


def test_every_number_of_a_workbook_is_taken_or_refused_and_costs_little(tmp_path: Path):
    files = {
        f"{name}={value[:40]}": of(part, before, after.format(value))
        for name, (part, before, after, values) in ATTRIBUTES.items()
        for value in values
    }

    ended = bounded.outcomes(tmp_path, files)

    assert {name: end for name, end in ended.items() if end not in ("ok", "workbook-unreadable")} == {}
    for name, values in UNREADABLE.items():
        assert {value[:40]: ended[f"{name}={value[:40]}"] for value in values} == {
            value[:40]: "workbook-unreadable" for value in values
        }, name
    assert ended["mergeCell@ref=A1048576:B1048576"] == ended["row@r=1048576"] == ended["c@r=A1048576"] == "ok"


def test_the_test_above_knows_every_number_that_a_reader_makes():
    """A new `attributes["…"]` of a reader belongs into ATTRIBUTES."""
    read = set()
    for module in (sheet_xml, styles_xml):
        read |= bounded.attributes_of(Path(str(module.__file__)).read_text())

    assert read - {"t", "hidden", "formatCode"} == set(READ)
    assert {name.partition("@")[2] for name in ATTRIBUTES if "@" in name} == set(READ)
    assert len(HOLDERS) < 16_384

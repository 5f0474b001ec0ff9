"""A workbook's package by the standard: are parts found by relation, types read as declared, and false declarations refused by name?"""

import io
import tracemalloc
import zipfile
import zlib

import pytest

from services.registry.domain.template import BUILDINGS_SHEET, HOLDERS_SHEET
from services.registry.gateways import archive, workbook, workbook_stream
from services.registry.gateways.part_xml import Parts
from shared.refusal import Refused

MEGABYTE = 1024 * 1024
TRANSITIONAL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT = "http://purl.oclc.org/ooxml/officeDocument/relationships"
MAIN = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
VBA = "application/vnd.ms-office.vbaProject"
VBA_RELATION = "http://schemas.microsoft.com/office/2006/relationships/vbaProject"
BINARY = "application/vnd.ms-excel.sheet.binary.macroEnabled.main"
RELATED = f'<Relationship Id="m" Type="{VBA_RELATION}" Target="a.dat"/></Relationships>'


def parts() -> dict[str, bytes]:
    file = io.BytesIO()
    workbook_stream.write(file, holders=[{"name": "陈安"}], buildings=[{"building": "1栋"}])
    with zipfile.ZipFile(file) as written:
        return {name: written.read(name) for name in written.namelist()}


def zipped(contents: dict[str, bytes], packed: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packed) as made:
        for name, content in contents.items():
            made.writestr(name, content)
    file.seek(0)
    return file


def replaced(contents: dict[str, bytes], path: str, *pairs: tuple[str, str]) -> dict[str, bytes]:
    written = contents[path].decode()
    for before, after in pairs:
        assert before in written, before
        written = written.replace(before, after)
    return {**contents, path: written.encode()}


def names(file: io.BytesIO) -> list[str]:
    workbook.inspect(file)
    with workbook.reading(file) as book:
        assert [row.cells["building"].written for row in book.sheet(BUILDINGS_SHEET).rows()] == ["1栋"]
        return [row.cells["name"].written for row in book.sheet(HOLDERS_SHEET).rows()]


def refusal(file: io.BytesIO) -> tuple[str, str]:
    """The code of the refusal and the part that it names, from the upload or from the reading."""
    with pytest.raises(Refused) as refused:
        names(file)
    return refused.value.code, str(refused.value.facts.get("part"))


def moved(target: str = "{}") -> dict[str, bytes]:
    """Every part under another name, found by its relation. `target`: how a relation names a part of the same folder."""
    contents = parts()
    book = contents.pop("xl/workbook.xml").replace(b"Sheet", b"Sheet")
    relations = contents.pop("xl/_rels/workbook.xml.rels").decode()
    for name in ("worksheets/sheet1.xml", "worksheets/sheet2.xml", "styles.xml"):
        relations = relations.replace(f'"{name}"', f'"{target.format("part-" + name.replace("/", "-"))}"')
        contents[f"office/data/part-{name.replace('/', '-')}"] = contents.pop(f"xl/{name}")
    contents |= {"office/data/book.xml": book, "office/data/_rels/book.xml.rels": relations.encode()}
    contents = replaced(contents, "_rels/.rels", ("xl/workbook.xml", "office/data/book.xml"))
    return replaced(contents, "[Content_Types].xml", ("/xl/workbook.xml", "/office/data/book.xml"))


@pytest.mark.parametrize("target", ["{}", "./{}", "../data/{}", "/office/data/{}", "/OFFICE/Data/{}", "%2E/{}"])
def test_parts_are_found_by_their_relations_whatever_they_are_called(target: str):
    assert names(zipped(moved(target))) == ["陈安"]


@pytest.mark.parametrize("rename", [str.upper, lambda name: name.replace("/", "\\"), lambda name: f"/{name}"])
def test_capital_letters_and_slashes_make_no_difference_to_a_part_s_name(rename):
    assert names(zipped({rename(name): content for name, content in parts().items()})) == ["陈安"]


def test_the_strict_vocabulary_of_the_standard_is_read_as_the_transitional_one():
    contents = parts()
    pairs = (
        (TRANSITIONAL, STRICT),
        ("http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main"),
    )
    for name, content in contents.items():
        for before, after in pairs:
            contents[name] = contents[name].replace(before.encode(), after.encode())
        assert contents[name] != content or name == "[Content_Types].xml"

    assert names(zipped(contents)) == ["陈安"]


def test_prefixes_and_elements_of_other_vocabularies_change_nothing():
    """As .NET programs write it: every element under a prefix; extensions with names that a sheet has too."""
    contents = parts()
    sheet = contents["xl/worksheets/sheet1.xml"].decode()
    for element in ("worksheet", "sheetData", "row", "c", "is", "t", "v"):
        sheet = (
            sheet.replace(f"<{element} ", f"<x:{element} ")
            .replace(f"<{element}>", f"<x:{element}>")
            .replace(f"</{element}>", f"</x:{element}>")
        )
    sheet = (
        sheet.replace("xmlns=", "xmlns:x=")
        .replace("<cols>", "<x:cols>")
        .replace("</cols>", "</x:cols>")
        .replace("<col ", "<x:col ")
    )
    foreign = '<a:ext xmlns:a="urn:another"><a:row r="9"><a:c r="O9"><a:f>1</a:f><a:v>7</a:v></a:c></a:row></a:ext></x:worksheet>'
    sheet = sheet[: sheet.index("</x:sheetData>")] + "</x:sheetData>" + foreign
    sheet = sheet[: sheet.index("<sheetViews>")] + sheet[sheet.index("</sheetViews>") + len("</sheetViews>") :]

    assert names(zipped({**contents, "xl/worksheets/sheet1.xml": sheet.encode()})) == ["陈安"]


@pytest.mark.parametrize("declared", [VBA, BINARY])
def test_a_type_declared_for_a_file_ending_does_not_count_as_a_macro(declared: str):
    """SheetJS and Excelize declare one in every file; a printer's settings have that ending and are none."""
    types = ("<Override", f'<Default Extension="bin" ContentType="{declared}"/><Override')
    contents = replaced(parts(), "[Content_Types].xml", types)

    assert names(zipped({**contents, "xl/printerSettings/printerSettings1.bin": b"x"})) == ["陈安"]


def with_override(part: str, content_type: str) -> tuple[str, str]:
    return "</Types>", f'<Override PartName="{part}" ContentType="{content_type}"/></Types>'


MACROS = {
    "by name": lambda all_: {**all_, "xl/VBAProject.bin": b"x"},
    "by type": lambda all_: {**replaced(all_, "[Content_Types].xml", with_override("/xl/a.dat", VBA)), "xl/a.dat": b"x"},
    "by relation": lambda all_: {
        **replaced(all_, "xl/_rels/workbook.xml.rels", ("</Relationships>", RELATED)),
        "xl/a.dat": b"x",
    },
    "of Excel 4": lambda all_: {**all_, "xl/macrosheets/sheet1.xml": b"<x/>"},
    "main part": lambda all_: replaced(all_, "[Content_Types].xml", (MAIN, "application/vnd.ms-excel.sheet.macroEnabled.main+xml")),
    "template": lambda all_: replaced(all_, "[Content_Types].xml", (MAIN, "application/vnd.ms-excel.template.macroEnabled.main+xml")),
}  # fmt: skip


@pytest.mark.parametrize("change", MACROS.values(), ids=MACROS)
def test_an_existing_macro_is_refused_however_it_is_declared(change):
    code, part = refusal(zipped(change(parts())))

    assert code == "workbook-macros" and part.startswith("xl/")


@pytest.mark.parametrize("part", ["/xl/vbaProject.bin", "/xl/a.bin"])
def test_a_declared_macro_without_a_part_is_accepted(part: str):
    assert names(zipped(replaced(parts(), "[Content_Types].xml", with_override(part, VBA)))) == ["陈安"]


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda all_: {name: item for name, item in all_.items() if name != "_rels/.rels"}, "_rels/.rels"),
        (lambda all_: {name: item for name, item in all_.items() if name != "[Content_Types].xml"}, "[Content_Types].xml"),
        (lambda all_: replaced(all_, "[Content_Types].xml", (MAIN, "application/vnd.ms-word.document.main+xml")), "xl/workbook.xml"),
        (lambda all_: replaced(all_, "[Content_Types].xml", (MAIN, BINARY)), "xl/workbook.xml"),
        (lambda all_: {**all_, "XL/Workbook.xml": b"<workbook/>"}, "XL/Workbook.xml"),
        (lambda all_: {**all_, "xl/styles.xml": b"<styleSheet>"}, "xl/styles.xml"),
        (lambda all_: {**all_, "xl/worksheets/sheet1.xml": b"\xff\xfe"}, "xl/worksheets/sheet1.xml"),
    ],
    ids=["no relations", "no types", "a text", "binary", "two parts of one name", "styles broken", "sheet broken"],
)  # fmt: skip
def test_an_unreadable_part_is_named(change, part: str):
    assert refusal(zipped(change(parts()))) == ("workbook-unreadable", part)


def test_a_sheet_in_another_place_or_of_another_kind_is_reported_as_missing():
    relation = ('Target="worksheets/sheet1.xml"', 'Target="https://example.com/sheet1.xml" TargetMode="External"')
    assert refusal(zipped(replaced(parts(), "xl/_rels/workbook.xml.rels", relation)))[0] == "workbook-wrong-sheet"
    chart = (
        f'Type="{TRANSITIONAL}/worksheet" Target="worksheets/sheet1.xml"',
        f'Type="{TRANSITIONAL}/chartsheet" Target="worksheets/sheet1.xml"',
    )
    assert refusal(zipped(replaced(parts(), "xl/_rels/workbook.xml.rels", chart)))[0] == "workbook-wrong-sheet"


def styled(count: int) -> bytes:
    return (
        b"<styleSheet><cellXfs>"
        + b'<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>' * count
        + b"</cellXfs></styleSheet>"
    )


def test_the_size_limit_counts_bytes_and_not_the_compression_ratio():
    contents = {**parts(), "xl/styles.xml": styled(60_000), "xl/media/white.bmp": b"\0" * 40 * MEGABYTE}
    file = zipped(contents)
    assert len(file.getvalue()) < MEGABYTE / 5

    assert names(file) == ["陈安"]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("xl/styles.xml", styled(70_000)),
        ("xl/workbook.xml", b"<workbook>" + b" " * 17 * MEGABYTE + b"</workbook>"),
        ("[Content_Types].xml", b"<Types>" + b" " * 9 * MEGABYTE + b"</Types>"),
        ("_rels/.rels", b"<Relationships>" + b"<Relationship/>" * 30_000 + b"</Relationships>"),
        ("xl/worksheets/sheet1.xml", b"<worksheet><sheetData>" + b"<mergeCell ref='A1:A2'/>" * 200_000),
    ],
)  # fmt: skip
def test_a_part_that_is_too_large_is_named_and_memory_stays_bounded(path: str, content: bytes):
    file = zipped({**parts(), path: content})
    tracemalloc.start()
    found = refusal(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert found == ("workbook-too-large", path) and peak < 32 * MEGABYTE


def test_a_part_never_unpacks_beyond_the_limit():
    with zipfile.ZipFile(zipped({"xl/a.xml": b" " * 40 * MEGABYTE})) as contents:
        chunks = Parts(contents, archive.parts(contents)).chunks("/xl/a.xml", most_bytes=MEGABYTE)
        with pytest.raises(Refused, match=r"^workbook-too-large$") as refused:
            sum(map(len, chunks))

    assert refused.value.facts["part"] == "xl/a.xml" and refused.value.facts["unpacked_bytes"] < 2 * MEGABYTE


def test_a_directory_that_lies_about_a_size_gains_nothing():
    """Declared as 1,000 bytes and larger: the rest is not unpacked, and the checksum fails."""
    contents = {**parts(), "xl/worksheets/sheet1.xml": b"<worksheet><sheetData>" + b" " * MEGABYTE}
    size = len(contents["xl/worksheets/sheet1.xml"]).to_bytes(4, "little")
    crc = zlib.crc32(contents["xl/worksheets/sheet1.xml"]).to_bytes(4, "little")
    forged = zipped(contents).getvalue()
    start = forged.rindex(crc)  # of the directory; sizes follow it
    assert forged[start + 8 : start + 12] == size
    forged = forged[: start + 8] + (1_000).to_bytes(4, "little") + forged[start + 12 :]

    assert refusal(io.BytesIO(forged)) == ("workbook-unreadable", "xl/worksheets/sheet1.xml")


def test_endless_prefixes_are_refused():
    views = b"".join(b'<sheetViews xmlns:a%d="u"/>' % number for number in range(30_000))
    contents = {**parts(), "xl/worksheets/sheet1.xml": b"<worksheet>" + views}

    assert refusal(zipped(contents)) == ("workbook-unreadable", "xl/worksheets/sheet1.xml")


def test_hundreds_of_pictures_are_no_reason_to_refuse():
    assert names(zipped({**parts(), **{f"xl/media/image{number}.png": b"x" for number in range(3_000)}})) == ["陈安"]

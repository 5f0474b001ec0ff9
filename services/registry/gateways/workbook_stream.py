"""Writes a workbook in the template's format while it is sent: row by row, without a file on disk.

Invariant: the same rows give the same bytes, so no part has a date. workbook.py reads the result as the original rows. Every text
is stored as text, also one that looks like a formula. An interrupted response is not a readable archive, so half an export is never
taken for a whole one.
"""

import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import IO
from xml.sax.saxutils import escape

from services.registry.domain import cells, template
from services.registry.domain.template import BUILDINGS, BUILDINGS_SHEET, HOLDERS, HOLDERS_SHEET, Column
from services.registry.gateways import styles_xml

Sheet = tuple[str, Sequence[Column], Iterable[Mapping[str, object]]]
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_PART = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD, _TEXT, _DATE = 1, 2, 3  # places in cellXfs below; text cells stay text when a clerk types over a long number
_PLAIN = '<xf numFmtId="{format}" fontId="{font}" fillId="0" borderId="0"{more}/>'
_FORMATS = ((0, 0), (0, 1), (49, 0), (164, 0))
_STYLES = (
    f'{_XML}<styleSheet xmlns="{_MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/></font><font><b/><sz val="11"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
    f'<borders count="1"><border/></borders><cellStyleXfs count="1">{_PLAIN.format(format=0, font=0, more="")}</cellStyleXfs>'
    f'<cellXfs count="{len(_FORMATS)}">'
    + "".join(
        _PLAIN.format(format=form, font=font, more=' xfId="0" applyNumberFormat="1" applyFont="1"')
        for form, font in _FORMATS
    )
    + '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
_LIKE_AN_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")  # _x0041_ would be read as A (ECMA-376 part 1, 22.9.2.19)
_SENT_BYTES = 64 * 1024
_LAST_ROW = 100_001


def write(
    file: IO[bytes], *, holders: Iterable[Mapping[str, object]], buildings: Iterable[Mapping[str, object]]
) -> None:
    """Into a file, as csv_writer.write does."""
    file.writelines(stream([(HOLDERS_SHEET, HOLDERS, holders), (BUILDINGS_SHEET, BUILDINGS, buildings)]))


def stream(sheets: Sequence[Sheet]) -> Iterator[bytes]:
    """The file, piece by piece. Rows are fetched as they are written."""
    out = _Outgoing()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in _frame([name for name, _, _ in sheets]):
            archive.writestr(_part(path), content)
        for place, (_, columns, lines) in enumerate(sheets, start=1):
            with archive.open(_part(f"xl/worksheets/sheet{place}.xml"), "w") as part:
                for written in _sheet(columns, lines):
                    part.write(written.encode())
                    if out.size >= _SENT_BYTES:
                        yield out.taken()
    yield out.taken()


def _part(path: str) -> zipfile.ZipInfo:
    """A part dated 1980-01-01, the earliest date of the format."""
    part = zipfile.ZipInfo(path)
    part.compress_type = zipfile.ZIP_DEFLATED
    return part


class _Outgoing:
    """The written but unsent bytes of the archive. It is not seekable, so sizes follow their parts."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.size = 0

    def write(self, content: bytes) -> int:
        self._parts.append(bytes(content))
        self.size += len(content)
        return len(content)

    def flush(self) -> None:
        """Does nothing."""

    def close(self) -> None:
        """Does nothing."""

    def taken(self) -> bytes:
        content = b"".join(self._parts)
        self._parts, self.size = [], 0
        return content


def _frame(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    places = range(1, len(names) + 1)
    overrides = "".join(
        f'<Override PartName="/xl/{part}.xml" ContentType="{_PART}.{kind}+xml"/>'
        for part, kind in (
            ("workbook", "sheet.main"),
            ("styles", "styles"),
            *((f"worksheets/sheet{n}", "worksheet") for n in places),
        )
    )
    yield (
        "[Content_Types].xml",
        (
            f'{_XML}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
            f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>{overrides}</Types>'
        ),
    )
    yield "_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")])
    sheets = "".join(
        f'<sheet name="{escape(name)}" sheetId="{n}" r:id="rId{n}"/>' for n, name in zip(places, names, strict=True)
    )
    yield "xl/workbook.xml", f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets></workbook>'
    targets = [("worksheet", f"worksheets/sheet{n}.xml") for n in places]
    yield "xl/_rels/workbook.xml.rels", _relations([*targets, ("styles", "styles.xml")])
    yield "xl/styles.xml", _STYLES


def _relations(targets: Sequence[tuple[str, str]]) -> str:
    listed = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(targets, start=1)
    )
    return f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{listed}</Relationships>'


def _sheet(columns: Sequence[Column], lines: Iterable[Mapping[str, object]]) -> Iterator[str]:
    widths = "".join(
        f'<col min="{n}" max="{n}" width="{30 if column.form == "code" else 14}" customWidth="1"/>'
        for n, column in enumerate(columns, start=1)
    )
    yield (
        f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" '
        f'activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>{widths}</cols><sheetData>'
    )
    yield _row(1, [_text(column.header + "*" * column.required, _HEAD) for column in columns])
    for number, line in enumerate(lines, start=2):
        yield _row(number, [_cell(line.get(column.name)) for column in columns])
    yield f"</sheetData>{_choices(columns)}</worksheet>"


def _row(number: int, written: Sequence[str]) -> str:
    listed = "".join(
        cell.format(place=f"{template.letter(place)}{number}") for place, cell in enumerate(written) if cell
    )
    return f'<row r="{number}">{listed}</row>'


def _cell(value: object) -> str:
    """With {place} where its address goes."""
    if value is None:
        return ""
    if isinstance(value, date):
        return f'<c r="{{place}}" s="{_DATE}"><v>{(value - styles_xml.EPOCH_1900).days}</v></c>'
    if isinstance(value, int | float | Decimal):
        return f'<c r="{{place}}"><v>{value}</v></c>'
    return _text(str(value), _TEXT)


def _text(value: str, style: int) -> str:
    written = escape(_LIKE_AN_ESCAPE.sub("_x005F_", value)).replace("{", "{{").replace("}", "}}")
    return f'<c r="{{place}}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{written}</t></is></c>'


def _choices(columns: Sequence[Column]) -> str:
    """The lists to choose from, as the template has them."""
    listed = [
        f'<dataValidation type="list" allowBlank="1" sqref="{letters}2:{letters}{_LAST_ROW}">'
        f'<formula1>"{",".join(cells.CHOICES[column.name])}"</formula1></dataValidation>'
        for letters, column in ((template.letter(place), column) for place, column in enumerate(columns))
        if column.name in cells.CHOICES
    ]
    return f'<dataValidations count="{len(listed)}">{"".join(listed)}</dataValidations>' if listed else ""

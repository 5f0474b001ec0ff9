"""Workbooks written cell by cell as XML, to imitate careless hands and unusual programs."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.sax.saxutils import escape

from services.registry.domain import template
from services.registry.domain.template import Column

_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = (
    '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
)
_ROOT = f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
DATE, DATE_OF_A_CHINESE_PROGRAM, RED_WHEN_NEGATIVE, THREE_DIGITS, WITH_A_WORD, GROUPED = 1, 2, 3, 4, 5, 6
STRUCK, PERCENT, IN_THOUSANDS, WITHOUT_SIGN = 7, 8, 9, 10
_STYLES = f"""<styleSheet {_MAIN}><numFmts>
    <numFmt numFmtId="176" formatCode="yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;;@"/>
    <numFmt numFmtId="177" formatCode="0.00_);[Red]\\(0.00\\)&quot; sqm, days&quot;"/>
    <numFmt numFmtId="178" formatCode="000"/><numFmt numFmtId="179" formatCode="G/通用格式&quot;栋&quot;"/>
    <numFmt numFmtId="180" formatCode="000-0000-0000"/><numFmt numFmtId="181" formatCode="0.00,"/>
    <numFmt numFmtId="182" formatCode="0;0"/></numFmts>
    <fonts><font><b/></font><font><strike val="0"/></font><font><strike/></font></fonts><dxfs><dxf><font><strike/></font></dxf></dxfs>
    <cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>
    <cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="176"/><xf numFmtId="177"/>
    <xf numFmtId="178"/><xf numFmtId="179"/><xf numFmtId="180" fontId="1"/>
    <xf numFmtId="0" fontId="2"/><xf numFmtId="9"/><xf numFmtId="181"/><xf numFmtId="182"/></cellXfs></styleSheet>"""


class Written(NamedTuple):
    """A cell as its XML has it."""

    attributes: str
    content: str


def number(value: object, style: int = 0) -> Written:
    return Written(f's="{style}"', f"<v>{value}</v>")


def formula(of: str, cached: str = "") -> Written:
    return Written("", f"<f>{escape(of)}</f>" + (f"<v>{cached}</v>" if cached else ""))


def error(value: str) -> Written:
    return Written('t="e"', f"<v>{value}</v>")


def iso_day(day: str) -> Written:
    return Written('t="d"', f"<v>{day}T00:00:00</v>")


def rich(*parts: str, phonetic: str = "") -> Written:
    runs = "".join(f"<r><rPr><b/></rPr><t>{escape(part)}</t></r>" for part in parts)
    return Written('t="inlineStr"', f"<is>{runs}<rPh sb='0' eb='1'><t>{phonetic}</t></rPh></is>")


def struck(value: str) -> Written:
    return Written(f't="inlineStr" s="{STRUCK}"', f"<is><t>{escape(value)}</t></is>")


def half_struck(kept: str, gone: str) -> Written:
    runs = f"<r><t>{escape(kept)}</t></r><r><rPr><strike/></rPr><t>{escape(gone)}</t></r>"
    return Written('t="inlineStr"', f"<is>{runs}</is>")


def shared(place: int) -> Written:
    return Written('t="s"', f"<v>{place}</v>")


Value = str | int | float | bool | Written | None


@dataclass
class Sheet:
    """`rows` by their number, each by column of the template; `headers` are written into row 1 as they stand. `beside`: what stands in
    a row two columns to the right of the table.
    """

    name: str
    columns: Sequence[Column]
    rows: dict[int, Mapping[str, Value]] = field(default_factory=dict)
    headers: list[str] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[str] = field(default_factory=set)
    merged: list[str] = field(default_factory=list)
    beside: dict[int, Value] = field(default_factory=dict)
    hidden: bool = False

    def __post_init__(self) -> None:
        self.headers = self.headers or [column.header for column in self.columns]

    def address(self, column: str, row: int) -> str:
        return f"{template.column_letter(tuple(self.columns), column)}{row}"

    def xml(self) -> str:
        hidden = "".join(self._column(column) for column in sorted(self.hidden_columns))
        rows = "".join(self._row(number, row) for number, row in sorted(self.rows.items()))
        head = "".join(_cell(f"{template.letter(place)}1", header) for place, header in enumerate(self.headers))
        merged = "".join(f'<mergeCell ref="{unit}"/>' for unit in self.merged)
        return (
            f"<worksheet {_MAIN}>{hidden and f'<cols>{hidden}</cols>'}<sheetData><row r='1'>{head}</row>{rows}</sheetData>"
            f"{merged and f'<mergeCells>{merged}</mergeCells>'}</worksheet>"
        )

    def _column(self, column: str) -> str:
        place = [item.name for item in self.columns].index(column) + 1
        return f'<col min="{place}" max="{place}" width="9" hidden="1"/>'

    def _row(self, number: int, row: Mapping[str, Value]) -> str:
        cells = [_cell(self.address(column.name, number), row.get(column.name)) for column in self.columns]
        cells.append(_cell(f"{template.letter(len(self.columns) + 2)}{number}", self.beside.get(number)))
        hidden = ' hidden="1"' if number in self.hidden_rows else ""
        return f'<row r="{number}"{hidden}>{"".join(cells)}</row>'


def _cell(address: str, value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        value = Written('t="b"', f"<v>{int(value)}</v>")
    elif isinstance(value, str):
        value = Written('t="inlineStr"', f'<is><t xml:space="preserve">{escape(value)}</t></is>')
    elif not isinstance(value, Written):
        value = number(value)
    return f'<c r="{address}" {value.attributes}>{value.content}</c>'


def written(
    sheets: Sequence[Sheet],
    *,
    is_1904: bool = False,
    strings: Sequence[str] = (),
    more: Mapping[str, str] | None = None,
) -> bytes:
    """The file. `strings`: the table of shared texts, as XML; `more`: further parts, or other contents for those it has."""
    listed = "".join(
        f'<sheet name="{escape(sheet.name)}" sheetId="{n}" r:id="rId{n}" state="{"hidden" if sheet.hidden else "visible"}"/>'
        for n, sheet in enumerate(sheets, start=1)
    )
    related = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, len(sheets) + 1)
    )
    properties = f'<workbookPr date1904="{int(is_1904)}"/>'
    book = f'<workbook {_MAIN} xmlns:r="{_OFFICE}">{properties}<sheets>{listed}</sheets></workbook>'
    related += "".join(
        f'<Relationship Id="rId{kind}" Type="{_OFFICE}/{kind}" Target="/xl/{kind}.xml"/>'
        for kind in ("styles", "sharedStrings")
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">{_TYPES}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{_ROOT}</Relationships>',
        "xl/workbook.xml": book,
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{related}</Relationships>',
        "xl/styles.xml": _STYLES,
        "xl/sharedStrings.xml": f"<sst {_MAIN}>{''.join(f'<si>{string}</si>' for string in strings)}</sst>",
        **{f"xl/worksheets/sheet{n}.xml": sheet.xml() for n, sheet in enumerate(sheets, start=1)},
        **(more or {}),
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in parts.items():
            archive.writestr(path, content)
    return file.getvalue()

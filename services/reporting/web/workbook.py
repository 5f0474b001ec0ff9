"""The daily report as a workbook: figures with charts of Excel's own, groups, and the list of unsigned units."""

from collections.abc import Sequence
from io import BytesIO
from itertools import accumulate
from typing import Any, Final

import xlsxwriter

from services.reporting.domain import day_sheet
from services.reporting.domain.lines import REASONS
from services.reporting.queries.reports import Report
from shared.web import figures
from shared.web.shell import text

_AREA: Final = "#,##0.00"
_COUNT: Final = "#,##0"


def of(frozen: Sequence[Report], day: str) -> bytes:
    """`frozen`: the report as it was frozen first, then its restatements, which stand beside it."""
    made = BytesIO()
    # Text stays text: a name that begins with = is no formula, one that looks like an address is no link.
    book = xlsxwriter.Workbook(made, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    formats = {
        "head": book.add_format({"bold": True, "bottom": 1}),
        "title": book.add_format({"bold": True, "font_size": 16}),
        "count": book.add_format({"num_format": _COUNT}),
        "area": book.add_format({"num_format": _AREA}),
    }
    sheet = day_sheet.of(frozen[0].units)
    _figures(book, formats, frozen, day)
    _groups(book, formats, sheet)
    _unsigned(book, formats, sheet)
    book.close()
    return made.getvalue()


def _figures(book: Any, formats: dict[str, Any], frozen: Sequence[Report], day: str) -> None:  # noqa: ANN401 - untyped library
    first, name = frozen[0], text("daily.sheet_figures")
    page = book.add_worksheet(name)
    page.set_landscape()
    page.set_paper(9)  # A4
    page.set_column(0, 0, 22)
    page.set_column(1, 12, 14)
    page.write_string(0, 0, f"{text('daily.title')} {day} {first.body['name']}", formats["title"])
    asof = text(
        "daily.frozen", number=figures.count(first.feed_number), at=first.frozen_at.isoformat(timespec="seconds")
    )
    page.write_string(1, 0, asof)
    later = [text("daily.restatement", n=report.restatement) for report in frozen[1:]]
    heads = [
        text("daily.basis"),
        text("daily.signed"),
        text("daily.roll"),
        text("daily.rate"),
        text("daily.change"),
        *later,
    ]
    page.write_row(3, 0, heads, formats["head"])
    for row, basis in enumerate(first.body["bases"], start=4):
        by, shape = (100, formats["area"]) if basis["basis"] == "area" else (1, formats["count"])
        page.write_string(row, 0, text(f"basis.{basis['basis']}"))
        page.write_string(row, 3, figures.rate(basis["signed"], basis["total"]))
        restated = [report.basis(basis["basis"])["signed"] for report in frozen[1:]]
        numbers = {1: basis["signed"], 2: basis["total"], 4: basis["change"], **dict(enumerate(restated, start=5))}
        for column, number in numbers.items():
            if number is not None:  # the roll has not matched
                page.write_number(row, column, number / by, shape)
    _curve(book, page, formats, first, name)


def _curve(book: Any, page: Any, formats: dict[str, Any], report: Report, name: str) -> None:  # noqa: ANN401 - untyped library
    start = sum(unit.signed for unit in report.units) - sum(report.body["by_hour"])
    page.write_row(10, 0, [text("daily.hour"), text("daily.in_hour"), text("daily.running")], formats["head"])
    running = list(accumulate(report.body["by_hour"], initial=start))[1:]
    for hour, (change, count) in enumerate(zip(report.body["by_hour"], running, strict=True)):
        page.write_row(11 + hour, 0, [hour, change, count])
    chart = book.add_chart({"type": "line"})
    chart.add_series({"name": [name, 10, 2], "categories": [name, 11, 0, 34, 0], "values": [name, 11, 2, 34, 2]})
    chart.set_title({"name": text("daily.curve")})
    chart.set_legend({"none": True})
    page.insert_chart("D11", chart)


def _groups(book: Any, formats: dict[str, Any], sheet: day_sheet.Sheet) -> None:  # noqa: ANN401 - untyped library
    name = text("daily.sheet_groups")
    page = book.add_worksheet(name)
    page.set_column(0, 0, 22)
    reasons = [text(f"why_unsigned.{reason}") for reason in REASONS]
    page.write_row(
        0,
        0,
        [text("daily.group"), text("daily.signed"), text("daily.units"), text("daily.left"), *reasons],
        formats["head"],
    )
    for row, group in enumerate((*sheet.groups, sheet.total), start=1):
        label = text("daily.total") if group is sheet.total else group.name or text("daily.no_group")
        page.write_string(row, 0, label)
        page.write_row(row, 1, [group.signed, group.units, group.left, *group.reasons.values()])
    last = len(sheet.groups)
    chart = book.add_chart({"type": "bar"})
    chart.add_series({"name": [name, 0, 3], "categories": [name, 1, 0, last, 0], "values": [name, 1, 3, last, 3]})
    chart.set_title({"name": text("daily.by_group")})
    chart.set_legend({"none": True})
    page.insert_chart(last + 3, 0, chart)


def _unsigned(book: Any, formats: dict[str, Any], sheet: day_sheet.Sheet) -> None:  # noqa: ANN401 - untyped library
    page = book.add_worksheet(text("daily.sheet_unsigned"))
    page.set_column(0, 5, 18)
    page.freeze_panes(1, 0)
    heads = [
        text("daily.group"),
        text("daily.officer"),
        text("figure.unit"),
        text("daily.reason"),
        text("figure.stage"),
        "m²",
    ]
    page.write_row(0, 0, heads, formats["head"])
    rows = [(group, unit) for group in sheet.groups for unit in group.unsigned]
    for row, (group, unit) in enumerate(rows, start=1):
        page.write_string(row, 0, group.name or text("daily.no_group"))
        page.write_string(row, 1, unit.officer or "")
        page.write_string(row, 2, unit.place)
        page.write_string(row, 3, text(f"why_unsigned.{unit.reason}"))
        page.write_string(row, 4, text(f"stage.{unit.stage}"))
        page.write_number(row, 5, unit.area / 100, formats["area"])

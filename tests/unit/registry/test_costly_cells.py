"""A cell may hold 32,767 characters, a workbook 300,000 rows of such cells: does a line cost more than its characters?

One worker reads the imports of all districts, so a line that takes a second stops them all for days.
"""

import time
from collections.abc import Callable
from datetime import date

import pytest

from services.registry.domain import disclosed, lines, template
from services.registry.domain.cells import Cell, CellKind
from services.registry.domain.template import BUILDINGS_SHEET, HOLDERS_SHEET, SHEETS

TODAY = date(2026, 11, 24)
SHORT, LONG = 4_000, 32_000
KINDS: tuple[CellKind, ...] = ("text", "typed", "number", "formula", "error", "date", "boolean")
# Repeated to the length: what makes a pattern with two ways to match begin again at every character.
REPEATED = (
    "2-", "1", "1 ", "+8", "0086", "1(", "2_.", " ", "\u00a0", "、", "1、", "a.", "a@", ".a", "合", "计 ", "合计 ", "：", "陈", "陈 ",
    "公司", "(", "1/", "至", "-", "?", "_x0041_", "Ａ", "１", "\u200b", "\ue000", "ﷺ", "\u0301", "x", "E+", "0.", "Europe/",
)  # fmt: skip
ROUNDED = [(before, pattern, after) for pattern in REPEATED for before, after in (("", ""), ("合计", "x"), ("0", "!"))]
READ: dict[str, Callable[[dict[str, Cell]], object]] = {
    HOLDERS_SHEET: lambda cells: lines.holder(2, cells, today=TODAY),
    BUILDINGS_SHEET: lambda cells: lines.building(2, cells),
}


def line_of(name: str, kind: CellKind, written: str) -> dict[str, Cell]:
    written = "2026-11-24" if kind == "date" else written  # the reader makes it from a valid day
    return {column.name: Cell(kind, written) for column in SHEETS[name]}


def seconds(name: str, kind: CellKind, written: str) -> float:
    """Of the processor, the least of three."""
    found, cells = [], line_of(name, kind, written)
    for _ in range(3):
        before = time.process_time()
        READ[name](cells)
        found.append(time.process_time() - before)
    return min(found)


def long(before: str, pattern: str, after: str, length: int) -> str:
    return before + (pattern * length)[: length - len(before) - len(after)] + after


@pytest.mark.parametrize("name", SHEETS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_cost_of_a_line_grows_no_faster_than_its_characters(name: str, kind: CellKind):
    """Eight times the characters: eight times the time, and not sixty-four. Four times that is allowed for a machine at work."""
    for before, pattern, after in ROUNDED:
        short, longer = (seconds(name, kind, long(before, pattern, after, length)) for length in (SHORT, LONG))
        assert longer <= 4 * (LONG / SHORT) * max(short, 0.001), (before, pattern, after)


@pytest.mark.parametrize("name", SHEETS)
@pytest.mark.parametrize("kind", ["text", "typed"])
def test_no_text_is_searched_for_personal_data_beyond_what_its_column_may_hold(name: str, kind: CellKind, monkeypatch):
    searched: list[int] = []
    found = disclosed.is_personal
    monkeypatch.setattr(disclosed, "is_personal", lambda written: bool(searched.append(len(written))) or found(written))
    longest = max(column.longest for column in SHEETS[name])

    for before, pattern, after in ROUNDED:
        for length in (20, 40, longest, longest + 1, LONG):
            READ[name](line_of(name, kind, long(before, pattern, after, length)))

    assert searched and max(searched) <= max(column.longest for column in SHEETS[name] if not column.personal)


@pytest.mark.parametrize("name", SHEETS)
@pytest.mark.parametrize("kind", ["text", "typed", "number"])
def test_no_text_longer_than_its_column_is_kept(name: str, kind: CellKind):
    for before, pattern, after in ROUNDED:
        for length in (41, 255, LONG):
            line, _ = READ[name](line_of(name, kind, long(before, pattern, after, length)))  # type: ignore[misc]
            for column in SHEETS[name]:
                assert len(str(line.values.get(column.name, ""))) <= column.longest, (column.name, pattern, length)


@pytest.mark.parametrize(
    "written", ["1E-999999999", "-1E-999999999", "0E-999999999", "1E999999999", "0." + "0" * LONG + "1", "1" * LONG]
)
@pytest.mark.parametrize("column", [column.name for column in template.HOLDERS])
def test_a_number_with_few_characters_does_not_become_a_text_of_a_million(column: str, written: str):
    line, faults = lines.holder(2, {column: Cell("number", written)}, today=TODAY)

    assert column not in line.values
    assert column in {fault.column for fault in faults}

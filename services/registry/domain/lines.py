"""One line of the workbook: its cells, and the rules between them.

Left to others: rules between lines (store/checks.py, by SQL).
Held by tests/unit/registry/test_lines.py.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import cast

from services.registry.domain import cells, codes, disclosed, documents, names, person, shares, template
from services.registry.domain.cells import Cell, Fault, Value
from services.registry.domain.documents import DocumentType
from services.registry.domain.template import Column

_ADULT_YEARS = 18  # Civil Code art. 17
_FIRST_TITLE = date(1949, 10, 1)  # a year typed into a cell of dates, 1997, is shown as a day of 1905
_TOTAL = re.compile(r"([合总小共]\s*计|汇\s*总)\s*[:：]?")  # 汇总 is what a Chinese spreadsheet writes below a table
_LONGEST_TOTAL = 40  # characters


@dataclass(frozen=True)
class Line:
    """`values` by column name, usable values only. `faulty`: the columns with an unusable value.

    `emptied`: the newer columns of the unit that a correction empties.
    """

    row: int
    values: Mapping[str, Value]
    faulty: frozenset[str] = frozenset()
    emptied: frozenset[str] = frozenset()

    def text(self, name: str) -> str | None:
        value = self.values.get(name)
        return None if value is None else str(value)


def holder(row: int, found: Mapping[str, Cell], *, today: date) -> tuple[Line, list[Fault]]:
    """A line of the sheet of right-holders."""
    line, faults = _read(template.HOLDERS, template.HOLDERS_SHEET, row, found)
    coded = (*_code_faults(line, today), *_document_faults(line, today), *_guardian_faults(line, today))
    return _judged(line, template.HOLDERS_SHEET, faults, coded)


def building(row: int, found: Mapping[str, Cell]) -> tuple[Line, list[Fault]]:
    """A line of the sheet of buildings."""
    line, faults = _read(template.BUILDINGS, template.BUILDINGS_SHEET, row, found)
    return _judged(line, template.BUILDINGS_SHEET, faults, tuple(_building_faults(line)))


def _judged(
    line: Line, sheet: str, faults: list[Fault], coded: tuple[tuple[str, str], ...]
) -> tuple[Line, list[Fault]]:
    """Ignores faulty values, so that one mistake is not reported again through its consequences."""
    named = {fault.column for fault in faults}  # one mistake per cell: the first is enough to correct it
    faults = faults + [Fault(sheet, line.row, column, code) for column, code in coded if column not in named]
    faulty = frozenset(fault.column for fault in faults)
    return Line(line.row, {name: value for name, value in line.values.items() if name not in faulty}, faulty), faults


def _read(columns: tuple[Column, ...], sheet: str, row: int, found: Mapping[str, Cell]) -> tuple[Line, list[Fault]]:
    values: dict[str, Value] = {}
    faults: list[Fault] = []
    first = next(iter(found.items()), None)
    if first and _is_total(first[1].written):
        return Line(row, {}), [Fault(sheet, row, first[0], "totals-row")]
    if first and all(cell.struck for cell in found.values()):
        return Line(row, {}), [Fault(sheet, row, first[0], "struck-through")]
    for column in columns:
        cell = found.get(column.name)
        value, code = (None, "personal-data") if _gives_away(column, cell) else cells.read(column, cell)
        if code:
            faults.append(Fault(sheet, row, column.name, code))
        elif value is not None:
            values[column.name] = value
    return Line(row, values), faults


def _is_total(written: str) -> bool:
    return len(bare := written.strip()) <= _LONGEST_TOTAL and _TOTAL.fullmatch(bare) is not None


def _gives_away(column: Column, cell: Cell | None) -> bool:
    """True for personal data in an unsealed text, which goes on the bus and on pages. Columns of other forms cannot contain any.

    A text that is too long is a mistake by itself and stored nowhere, so it is not searched: a cell may hold 32,767 characters.
    """
    if cell is None or column.personal or column.form not in ("text", "code"):
        return False
    written = cells.plain(cell)
    return not cells.is_too_long(column, written) and disclosed.is_personal(written.strip())


def _code_faults(line: Line, today: date) -> Iterator[tuple[str, str]]:
    for column, valid, code in (
        ("stairwell", codes.is_stairwell, "stairwell-form"),
        ("door", codes.is_door, "door-form"),
        ("unit_code", codes.is_unit_code, "unit-code-form"),
        ("house_code", codes.is_house_code, "house-code-form"),
        ("mobile", codes.is_mobile, "mobile-form"),
        ("email", codes.is_email, "email-form"),
        ("time_zone", codes.is_time_zone, "time-zone-form"),
        ("share", lambda share: shares.parsed(share) is not None, "share-form"),
    ):
        value = line.text(column)
        if value is not None and not valid(value):
            yield column, code
    titled_on = line.values.get("titled_on")
    if isinstance(titled_on, date) and not _FIRST_TITLE <= titled_on <= today:
        yield "titled_on", "date-outside"


def _building_faults(line: Line) -> Iterator[tuple[str, str]]:
    for name, least in (("stairwells", 1), ("floors_above", 1), ("floors_below", 0)):
        count = line.values.get(name)
        if isinstance(count, int) and count < least:
            yield name, "not-an-integer"
    code = line.text("building_code")
    if code is not None and not codes.is_building_code(code):
        yield "building_code", "building-code-form"


def _document_faults(line: Line, today: date) -> Iterator[tuple[str, str]]:
    for prefix in ("", "guardian_"):
        name = line.text(f"{prefix}name") or ""
        document_type, number = line.text(f"{prefix}document_type"), line.text(f"{prefix}document_number")
        kind = person.kind_of(cast("DocumentType", document_type)) if document_type else None
        if name and (flaw := names.flaw(name, kind)):
            yield f"{prefix}name", flaw
        if document_type not in (None, "credit_code") and names.is_of_organisation(name):
            yield f"{prefix}document_type", "organisation-by-paper"
        if document_type and number:
            found = documents.flaw(cast("DocumentType", document_type), documents.tidied(number), today=today)
            if found:
                yield f"{prefix}document_number", found


def _guardian_faults(line: Line, today: date) -> Iterator[tuple[str, str]]:
    organisation = line.text("document_type") == "credit_code"
    incapable = line.text("capacity") in ("limited", "none")
    if organisation and incapable:
        yield "capacity", "organisation-incapable"
    if not incapable and not organisation and _is_minor(line, "", today):
        yield "capacity", "minor-not-marked"
    if incapable and _is_minor(line, "guardian_", today):
        yield "guardian_document_number", "guardian-minor"  # Civil Code art. 27: a guardian has the capacity to be one
    for name in ("guardian_name", "guardian_document_type", "guardian_document_number"):
        if incapable and line.text(name) is None:
            yield name, "guardian-missing"
        elif not incapable and line.text(name) is not None:
            yield name, "guardian-not-needed"


def _is_minor(line: Line, prefix: str, today: date) -> bool:
    document_type = cast("DocumentType | None", line.text(f"{prefix}document_type"))
    number = documents.tidied(line.text(f"{prefix}document_number") or "")
    if not document_type or not number or documents.flaw(document_type, number, today=today):
        return False
    born = documents.born_on(document_type, number)
    return born is not None and (today.year - born.year, today.month, today.day) < (_ADULT_YEARS, born.month, born.day)

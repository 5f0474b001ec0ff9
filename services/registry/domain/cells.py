"""One cell: from what stands in the sheet to a value we can use, or to the coded reason why not.

Stays true: nothing is repaired in silence. A full-width digit, a space at the end, a formula or a number stored where text
belongs is named and goes back to the clerk, because what was repaired once is typed wrong for ever.
"""

import re
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Literal, NamedTuple

from services.registry.domain import documents, shares, template
from services.registry.domain.template import Column

CellKind = Literal[
    "text", "number", "boolean", "error", "formula", "typed"
]  # typed: in a csv, where only the letters are known
Value = str | int | Decimal | date


class Cell(NamedTuple):
    kind: CellKind
    written: str  # as the file has it


class Fault(NamedTuple):
    """A mistake and its place: the sheet's own row number and the column's name in the template ('' = the whole row)."""

    sheet: str
    row: int
    column: str
    code: str


CHOICES: dict[str, dict[str, str]] = {
    "use": template.USES,
    "structure": template.STRUCTURES,
    "capacity": template.CAPACITIES,
    "language": template.LANGUAGES,
    "ownership": dict(shares.WORDS),
    "document_type": dict(documents.WORDS),
    "guardian_document_type": dict(documents.WORDS),
}
_FULL_WIDTH = re.compile(r"[！-～]")
_AREA = re.compile(r"[0-9]{1,10}(\.[0-9]{1,2})?")
_FLOORS = re.compile(r"(-?[0-9]{1,2})至(-?[0-9]{1,2})")  # a unit on several storeys
_INTEGER = re.compile(r"-?[0-9]{1,4}")
_DAY = re.compile(
    r"([0-9]{4})([-/])([0-9]{1,2})\2([0-9]{1,2})"
)  # as a Chinese spreadsheet shows a date in a csv: 2005/3/1
_SHORTENED = re.compile(
    r"[0-9](\.[0-9]+)?E\+[0-9]+"
)  # 4.40303E+17: what a spreadsheet leaves of a long number in a csv
_ERRORS = ("#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!")
_LARGEST_POWER = 308  # of ten, that a spreadsheet's number can have
_EXACT_DIGITS = 15  # a spreadsheet's number keeps no more
EPOCH = date(1899, 12, 30)  # day 0 of the 1900 date system, leap-year error of the first spreadsheets included
_LAST_SERIAL = 73_050  # the end of 2099


def read(column: Column, cell: Cell | None) -> tuple[Value | None, str | None]:
    """The value and no code, or no value and the code of what is wrong. An empty optional cell is neither."""
    if cell is None or not cell.written:
        return None, "missing" if column.required else None
    if cell.kind in ("formula", "error", "boolean"):
        return None, {"formula": "formula-cell", "error": "error-value", "boolean": "not-text"}[cell.kind]
    if cell.kind == "number":
        return _of_number(column, cell.written)
    return _of_typed(column, cell.written) if cell.kind == "typed" else _of_text(column, cell.written)


def typed(column: Column, written: str) -> Cell:
    """A cell of a csv. A day is the number it would be in a sheet; what a spreadsheet would compute, or could not, is no text."""
    if column.form == "date" and (day := _typed_day(written)):
        return Cell("number", str((day - EPOCH).days))
    return Cell("formula" if written.startswith("=") else "error" if written in _ERRORS else "typed", written)


def _typed_day(written: str) -> date | None:
    found = _DAY.fullmatch(written)
    try:
        return date(int(found[1]), int(found[3]), int(found[4])) if found else None
    except ValueError:
        return None


def _of_typed(column: Column, written: str) -> tuple[Value | None, str | None]:
    value, code = _of_text(column, written)
    if code == "date-as-text":  # as all dates of a csv: those that are one came as numbers
        return None, "not-a-date"
    if column.form == "code" and _SHORTENED.fullmatch(written):
        return None, "number-not-text"
    return value, code


def _of_text(column: Column, written: str) -> tuple[Value | None, str | None]:
    wrong = (
        ("missing", column.required and not written.strip()),
        ("outer-spaces", written != written.strip()),
        ("full-width", column.form != "text" and _FULL_WIDTH.search(written)),
        ("too-long", len(written) > column.longest),
        ("not-printable", not written.isprintable()),
        ("date-as-text", column.form == "date"),
    )
    code = next((code for code, is_so in wrong if is_so), None)
    return (None, code) if code else _converted(column, written)


def _of_number(column: Column, written: str) -> tuple[Value | None, str | None]:
    number = _number(written)
    if number is None:
        return None, "error-value"
    if column.form == "date":
        return _day(number)
    if column.form == "area":
        # 65.18 is stored as 65.180000000000007: rounded to what a person typed, and no further.
        number = Decimal(repr(round(float(number), 6))).normalize()
        return _converted(column, f"{number:f}")
    if number != number.to_integral_value():
        return None, "number-not-text"
    digits = str(int(number))
    if len(digits) > _EXACT_DIGITS:
        return None, "number-not-text"
    return _converted(column, digits)


def _number(written: str) -> Decimal | None:
    try:
        number = Decimal(written)
    except InvalidOperation:
        return None
    # 1E999999 is written in eight characters and would be a million digits.
    return number if number.is_finite() and number.adjusted() <= _LARGEST_POWER else None


def _converted(column: Column, written: str) -> tuple[Value | None, str | None]:
    if column.form == "choice":
        chosen = CHOICES[column.name].get(written)
        return (chosen, None) if chosen else (None, "unknown-choice")
    if column.form == "area":
        return _area(written)
    if column.form == "floor" and (span := _FLOORS.fullmatch(written)):
        return (written, None) if int(span[1]) < int(span[2]) else (None, "not-an-integer")
    if column.form in ("integer", "floor"):
        return (int(written), None) if _INTEGER.fullmatch(written) else (None, "not-an-integer")
    return written, None


def _area(written: str) -> tuple[Decimal | None, str | None]:
    if not _AREA.fullmatch(written):
        return None, "area-not-a-number"
    area = Decimal(written)
    return (area, None) if area > 0 else (None, "area-not-positive")


def _day(number: Decimal) -> tuple[date | None, str | None]:
    if not 1 <= number <= _LAST_SERIAL:
        return None, "not-a-date"
    return EPOCH + timedelta(days=int(number)), None

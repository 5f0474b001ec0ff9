"""Reads one cell: gives a usable value, or the code of what is wrong.

Invariant: nothing is repaired silently. A full-width digit, a trailing space, a formula, a number in a text column or a door
that the spreadsheet turned into a date is reported to the clerk. A silent repair would never correct the clerk's source.
Held by tests/unit/registry/test_faults.py and tests/unit/registry/test_lines.py.
"""

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Literal, NamedTuple

from services.registry.domain import names, template
from services.registry.domain.template import Column
from shared import text
from shared.text import Unwritable

# formatted: a number that the sheet shows as another text, 1 as 001 or as 1栋; scaled: as another number or as nothing, 0.65 as 65%;
# typed: a cell of a csv, which has only text.
CellKind = Literal["text", "number", "formatted", "scaled", "date", "boolean", "error", "formula", "typed"]
Value = str | int | Decimal | date


class Cell(NamedTuple):
    kind: CellKind
    written: str  # as the file has it; a date as 1997-05-01
    struck: bool = False  # shown with a line through it: a clerk deletes so


class Fault(NamedTuple):
    """A mistake and its place: the sheet's own row number and the column's name in the template ('' = the whole row)."""

    sheet: str
    row: int
    column: str
    code: str


CHOICES = {column.name: column.choices for columns in template.SHEETS.values() for column in columns if column.choices}
_FULL_WIDTH = re.compile(r"[！-～]")
_FULL_WIDTH_IN_TEXT = re.compile(r"[０-９Ａ-Ｚａ-ｚ]")  # in a text, full-width brackets and commas are allowed
_LOST_DIGITS = re.compile(r"[0-9.]+E\+[0-9]+")  # 4.40303E+17, copied as it was shown
# 3-5, as a spreadsheet takes it for a date and writes it into a csv or a copied text.
_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_TURNED = re.compile(
    rf"([0-9]{{4}}年)?[0-9]{{1,2}}月([0-9]{{1,2}}日)?|[0-9]{{4}}([/-])[0-9]{{1,2}}\3[0-9]{{1,2}}|[0-9]{{1,2}}-({_MONTHS})|({_MONTHS})-[0-9]{{2}}"
    r"|[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}"
)
_AREA = re.compile(r"-?[0-9]{1,10}(\.[0-9]{1,2})?")
_FLOORS = re.compile(r"(-?[0-9]{1,2})至(-?[0-9]{1,2})")  # a unit on several storeys
_INTEGER = re.compile(r"-?[0-9]{1,4}")
_DAY = re.compile(
    r"([0-9]{4})([-/])([0-9]{1,2})\2([0-9]{1,2})"
)  # as a Chinese spreadsheet shows a date in a csv: 2005/3/1
_ERRORS = re.compile(
    r"#(N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|SPILL!|CALC!|FIELD!|BLOCKED!|CONNECT!|BUSY!|UNKNOWN!|GETTING_DATA|##+)"
)
# Words for "nothing" of programs, as they spell them, and of clerks. As a household number one of them would make one household of many.
_NOTHING = re.compile(
    r"NULL|null|None|nan|NaN|undefined|N/A|n/a|NA|0+|[无無空略缺]|没有|沒有|暂无|暫無|空白|不详|不詳|未知|待[补補定查]充?|[同如]上|同前|[\W_]+"
)
_TRUTH = ("TRUE", "FALSE")  # a boolean that another program wrote as text
# The sign for "as text" of a spreadsheet, written into the cell by another program. Lower case follows in a name: ’t Hooft.
_QUOTED = re.compile("['`＇‘’](?![a-z])")
_LARGEST_POWER = 308  # the largest power of ten in a spreadsheet's number; the least is as far below 1
_LONGEST_NUMBER = 40  # characters; a spreadsheet writes no number with more than 24
_EXACT_DIGITS = 15  # a spreadsheet's number has no more
_UNUSABLE = {"formula": "formula-cell", "error": "error-value"}
_PLAIN = re.compile(
    r"[\x20-\x7e\u4e00-\u9fff]*"
)  # matches nearly every cell; a check character by character takes ten times as long
NUMBERS = ("number", "formatted", "scaled")
_OF_WORDS = ("text", "name")
_OF_PLACES = ("text", "code")
_TEXT_FLAWS = {"too-long": "too-long", "private-use": "private-use"}  # other flaws are invisible in the sheet
_NOT_OF_FORM: dict[str, str] = {
    "area": "area-not-a-number",
    "integer": "not-an-integer",
    "floor": "not-an-integer",
    "date": "not-a-date",
    "choice": "unknown-choice",
}


def read(column: Column, cell: Cell | None) -> tuple[Value | None, str | None]:
    """Returns the value, or the code of what is wrong. An empty optional cell has neither."""
    if cell is None or not cell.written:
        return None, "missing" if column.required else None
    if code := _unusable(column, cell):
        return None, code
    if cell.kind == "date":
        return (date.fromisoformat(cell.written), None) if column.form == "date" else (None, "turned-into-date")
    if cell.kind in NUMBERS:
        return _of_number(column, cell.written)
    return _of_typed(column, cell.written) if cell.kind == "typed" else _of_text(column, cell.written)


def _unusable(column: Column, cell: Cell) -> str | None:
    """What is wrong with the kind of the cell, whatever is in it."""
    if cell.kind == "boolean":
        return _NOT_OF_FORM.get(column.form, "not-text")
    if cell.struck:
        return "struck-through"
    if cell.kind == "scaled" or (cell.kind == "formatted" and column.form in (*_OF_WORDS, "code")):
        return "number-as-another"
    return _UNUSABLE.get(cell.kind)


def plain(cell: Cell) -> str:
    """The cell as a person sees it: a number without exponent."""
    number = _number(cell.written) if cell.kind in NUMBERS else None
    return cell.written if number is None or number != number.to_integral_value() else str(int(number))


def typed(column: Column, written: str) -> Cell:
    """A cell of a csv. A formula or an error value is not text."""
    if column.form == "date" and (day := _typed_day(written)):
        return Cell("date", day.isoformat())
    return Cell("formula" if written.startswith("=") else "error" if _ERRORS.fullmatch(written) else "typed", written)


def _typed_day(written: str) -> date | None:
    found = _DAY.fullmatch(written)
    try:
        return date(int(found[1]), int(found[3]), int(found[4])) if found else None
    except ValueError:
        return None


def _of_typed(column: Column, written: str) -> tuple[Value | None, str | None]:
    value, code = _of_text(column, written)
    return value, "not-a-date" if code == "date-as-text" else code  # valid dates were converted before


def is_too_long(column: Column, written: str) -> bool:
    """Longer than the column allows, outer spaces aside: they are a mistake of their own. Such a text is read no further."""
    return len(written) > column.longest and len(written.strip()) > column.longest


def _of_text(column: Column, written: str) -> tuple[Value | None, str | None]:
    if is_too_long(column, written):
        return None, "too-long"
    wrong = (
        ("missing", column.required and not written.strip()),
        ("outer-spaces", written != written.strip()),
        ("full-width", (_FULL_WIDTH_IN_TEXT if column.form in _OF_WORDS else _FULL_WIDTH).search(written)),
        (flaw := _flaw(column, written), flaw),
        ("error-value", _ERRORS.fullmatch(written)),
        ("part-of-character", column.form in _OF_WORDS and names.has_radical(written)),
        ("quoted-text", _QUOTED.match(written)),
        ("not-text", column.form in _OF_PLACES and written in _TRUTH),
        ("lost-text", column.form == "text" and names.lost_text(written)),
        ("number-not-text", column.form in _OF_PLACES and _LOST_DIGITS.fullmatch(written)),
        ("turned-into-date", column.form in _OF_PLACES and _TURNED.fullmatch(written)),
        ("date-as-text", column.form == "date"),
    )
    code = next((code for code, is_so in wrong if is_so), None)
    return (None, code) if code else _converted(column, written)


def _flaw(column: Column, written: str) -> str:
    """The flaw by the rules for all texts; empty when there is none."""
    if len(written) <= column.longest and _PLAIN.fullmatch(written):
        return ""
    try:
        text.line(written, longest=column.longest)
    except Unwritable as refusal:
        return _TEXT_FLAWS.get(refusal.code, "not-printable")
    return ""


def _of_number(column: Column, written: str) -> tuple[Value | None, str | None]:
    number = _number(written)
    if number is None:
        return None, "error-value"
    if column.form == "date":
        return None, "not-a-date"
    if column.form == "area":
        # 65.18 is stored as 65.180000000000007: round to the typed digits, no further.
        number = Decimal(repr(round(float(number), 6))).normalize()
        return _converted(column, f"{number:f}")
    if number != number.to_integral_value():
        # 0.5 is not a share and 13.8 not a telephone number: the check of the code's form reports it better.
        plain = f"{number:f}"
        is_text = column.form in _OF_WORDS or is_too_long(column, plain)
        return (None, "not-text") if is_text else _converted(column, plain)
    digits = str(int(number))
    if len(digits) > _EXACT_DIGITS:
        return None, "number-not-text"
    return _converted(column, digits)


def _number(written: str) -> Decimal | None:
    if len(written) > _LONGEST_NUMBER:
        return None
    try:
        number = Decimal(written)
    except InvalidOperation:
        return None
    # 1E999999 and 1E-999999 have few characters but would expand to a million digits.
    return number if number.is_finite() and abs(number.adjusted()) <= _LARGEST_POWER else None


def _converted(column: Column, written: str) -> tuple[Value | None, str | None]:
    if column.form in _OF_WORDS and _NOTHING.fullmatch(written):
        return None, "stands-for-nothing"
    if column.form == "choice":
        chosen = CHOICES[column.name].get(written)
        return (chosen, None) if chosen else (None, "unknown-choice")
    if column.form == "area":
        return _area(written)
    if column.form == "floor" and (span := _FLOORS.fullmatch(written)):
        return (written, None) if int(span[1]) < int(span[2]) else (None, "not-an-integer")
    if column.form in ("integer", "floor"):
        return (int(written), None) if _INTEGER.fullmatch(written) else (None, "not-an-integer")
    return names.canonical(written) if column.form == "name" else written, None


def _area(written: str) -> tuple[Decimal | None, str | None]:
    if not _AREA.fullmatch(written):
        return None, "area-not-a-number"
    area = Decimal(written)
    return (area, None) if area > 0 else (None, "area-not-positive")

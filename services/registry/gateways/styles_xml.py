"""Finds dates in a workbook: a spreadsheet stores 1997-05-01 as 35551, and only the cell's style marks it as a date.

Invariant: a day is read by the date system that the workbook names (1900, or 1904 as older Macs write), never by guess.
"""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, timedelta

from services.registry.gateways.part_xml import Parts, parsed, whole
from shared.refusal import Refused

EPOCH_1900 = date(1899, 12, 30)  # day 0, leap-year error of the first spreadsheets included
_EPOCH_1904 = date(1904, 1, 1)
_BEFORE_THE_ERROR = 60  # of the 1900 system: days before its 29 February 1900 stand one further on
_LAST_SERIAL = 2_958_465  # 9999-12-31
_MOST_STYLES = 65_536  # by the format 64,000
# Formats that the standard (ECMA-376 part 1, 18.8.30) gives a number and no code; from 27 on those of Chinese programs.
_DATES = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
_PERCENTS = {9: "0%", 10: "0.00%"}  # of the standard's other numbers none shows another text
_NO_CODE = re.compile(
    r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE
)  # literals, fillers, colours and languages
_DATE_LETTER = re.compile(r"[ymdhs]", re.IGNORECASE)
_GENERAL = re.compile(r"General|G/通用格式", re.IGNORECASE)
_SECTION = re.compile(r'(?:"[^"]*"|\\.|[^;"\\])*')  # for positive numbers; a semicolon ends it
_NO_TEXT = re.compile(r"[_*].|\[(?!DBNum)[^\]]*\]|E[+-]0+", re.IGNORECASE)  # fillers, colours, languages, exponents
_OTHER_TEXT = 1_000  # more digits than a number has


@dataclass(frozen=True)
class Calendar:
    """`styles`: the places of the styles that show a number as a date. `least`: of the others, how many digits a style shows at least."""

    styles: AbstractSet[int]
    is_1904: bool = False
    least: Mapping[int, int] = field(default_factory=dict)

    def shows_another(self, style: int, number: str) -> bool:
        """Whether the sheet shows a text that is not the number: 001 for 1, 1栋 for 1."""
        least = self.least.get(style, 0)
        return least > 1 and least > len(str(abs(int(float(number)))))

    def day(self, serial: str) -> str | None:
        """35551 is 1997-05-01, whatever the time of that day. None for what is no day in such a workbook."""
        try:
            days = int(float(serial))
        except (ValueError, OverflowError):
            return None
        if not 1 <= days <= _LAST_SERIAL - (0 if not self.is_1904 else (_EPOCH_1904 - EPOCH_1900).days):
            return None
        if self.is_1904:
            return (_EPOCH_1904 + timedelta(days=days)).isoformat()
        return (EPOCH_1900 + timedelta(days=days + (days < _BEFORE_THE_ERROR))).isoformat()


def iso_day(written: str) -> str | None:
    """1997-05-01T00:00:00, as some programs write a date, is 1997-05-01. None for what is no day."""
    try:
        return date.fromisoformat(written[:10]).isoformat()
    except ValueError:
        return None


def calendar(parts: Parts, part: str | None, *, is_1904: bool) -> Calendar:
    """Reads the styles part. A workbook without one has no dates. Raises Refused: workbook-unreadable, workbook-too-large."""
    styles = _Styles()
    if part is not None:
        for _ in parsed(parts, part, styles):
            if len(styles.formats) > _MOST_STYLES or len(styles.own) > _MOST_STYLES:
                raise Refused("workbook-too-large", part=parts.shown(part))
    shown = {number for number, code in styles.own.items() if _DATE_LETTER.search(_NO_CODE.sub("", code))}
    dates = (_DATES - styles.own.keys()) | shown
    codes = {number: code for number, code in (_PERCENTS | styles.own).items() if number not in dates}
    least = {number: _least_digits(code) for number, code in codes.items()}
    places = list(enumerate(styles.formats))
    return Calendar(
        {place for place, number in places if number in dates},
        is_1904,
        {place: least[number] for place, number in places if least.get(number, 0) > 1},
    )


def _least_digits(code: str) -> int:
    """000 shows three digits at least; 0"栋", 0% and ;;; show what the number is not. Signs between digits, 000-0000, change nothing."""
    section = _SECTION.match(code)
    shown = _NO_TEXT.sub("", _GENERAL.sub("", section[0] if section else ""))
    other = any(character.isalpha() or character in "%123456789" for character in shown) or code.startswith(";")
    return _OTHER_TEXT if other else shown.partition(".")[0].count("0")


class _Styles:
    """`own`: the workbook's own formats by number. `formats`: the format of each style of a cell, in order."""

    def __init__(self) -> None:
        self.own: dict[int, str] = {}
        self.formats: list[int] = []
        self._of_cells = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "numFmt" and "numFmtId" in attributes:
            self.own[whole(attributes["numFmtId"])] = attributes.get("formatCode", "")[:255]
        elif name == "cellXfs":
            self._of_cells = True
        elif name == "xf" and self._of_cells:
            self.formats.append(whole(attributes.get("numFmtId", "0")))

    def end(self, name: str) -> None:
        if name == "cellXfs":
            self._of_cells = False

    def characters(self, data: str) -> None:
        """Ignored: styles have no text."""

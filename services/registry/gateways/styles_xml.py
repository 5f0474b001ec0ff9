"""Finds dates in a workbook: a spreadsheet stores 1997-05-01 as 35551, and only the cell's style marks it as a date.

Invariant: a day is read by the date system that the workbook names (1900, or 1904 as older Macs write), never by guess.
"""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, timedelta

from services.registry.gateways.number_format import Shown, shown_as
from services.registry.gateways.part_xml import Parts, is_on, parsed, whole
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


@dataclass(frozen=True)
class Calendar:
    """`styles`: the places of the styles that show a number as a date. `codes`: of the others with a format of their own, its code.
    `struck`: of those that draw a line through the text.
    """

    styles: AbstractSet[int]
    is_1904: bool = False
    codes: Mapping[int, str] = field(default_factory=dict)
    struck: AbstractSet[int] = frozenset()

    def shown_as(self, style: int, number: str) -> Shown:
        return shown_as(self.codes[style], number) if style in self.codes else "number"

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
            if max(len(styles.formats), len(styles.own), len(styles.struck)) > _MOST_STYLES:
                raise Refused("workbook-too-large", part=parts.shown(part))
    shown = {number for number, code in styles.own.items() if _DATE_LETTER.search(_NO_CODE.sub("", code))}
    dates = (_DATES - styles.own.keys()) | shown
    codes = {number: code for number, code in (_PERCENTS | styles.own).items() if number not in dates}
    places = list(enumerate(styles.formats))
    return Calendar(
        {place for place, number in places if number in dates},
        is_1904,
        {place: codes[number] for place, number in places if codes.get(number)},
        {place for place, font in enumerate(styles.fonts) if font in styles.struck},
    )


class _Styles:
    """`own`: the workbook's own formats by number. `formats`, `fonts`: of each style of a cell, in order. `struck`: fonts with a line
    through the text.
    """

    def __init__(self) -> None:
        self.own: dict[int, str] = {}
        self.formats: list[int] = []
        self.fonts: list[int] = []
        self.struck: set[int] = set()
        self._of_cells = self._of_fonts = False
        self._font = -1

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "numFmt" and "numFmtId" in attributes:
            self.own[whole(attributes["numFmtId"])] = attributes.get("formatCode", "")[:255]
        elif name == "cellXfs":
            self._of_cells = True
        elif name == "xf" and self._of_cells:
            self.formats.append(whole(attributes.get("numFmtId", "0")))
            self.fonts.append(whole(attributes.get("fontId", "0")))
        elif name == "fonts":
            self._of_fonts = True
        elif name == "font":
            self._font += self._of_fonts
        elif name == "strike" and self._of_fonts and is_on(attributes):
            self.struck.add(self._font)

    def end(self, name: str) -> None:
        if name == "cellXfs":
            self._of_cells = False
        elif name == "fonts":
            self._of_fonts = False

    def characters(self, data: str) -> None:
        """Ignored: styles have no text."""

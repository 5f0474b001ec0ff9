"""Whether a sheet shows another thing than the number, by the code of its format (ECMA-376 part 1, 18.8.31)."""

import operator
import re
from functools import lru_cache
from typing import Literal

Shown = Literal["number", "formatted", "scaled"]
_GENERAL = re.compile(r"General|G/通用格式", re.IGNORECASE)
_SECTION = re.compile(r'(?:"[^"]*"|\\.|[^;"\\])*')
_CONDITION = re.compile(r"\[([<>]=?|=|<>)(-?[0-9]{1,15}(?:\.[0-9]{1,15})?)\]")
_COMPARE = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "<>": operator.ne,
}
_NO_TEXT = re.compile(r"[_*].|\[(?!DBNum)[^\]]*\]|E[+-]0+", re.IGNORECASE)  # fillers, colours, languages, exponents
_LITERAL = re.compile(r'"([^"]*)"|[\\!](.)')
_PLACE = re.compile(r"[0#?@]")
# By 100, by 1,000, with a point that is only drawn, or with a digit that is only drawn (a 9, see below).
_ANOTHER = re.compile(r"%|[0#?],+(?![,0#?])|[0#?]·|9[0#?.]|[0#?.]9")
_MINUS = re.compile(r"[-－−(（]")


def shown_as(code: str, number: str) -> Shown:
    """The number; a text that means it (001 or 1栋 for 1); or another number or nothing (65% for 0.65, 65 for 65180, 1 for -1)."""
    value = float(number)
    section, signs_itself = _section(code, value)
    shown, least = _shown(section)
    if shown == "scaled" or (signs_itself and not _MINUS.search(section)):
        return "scaled"
    return "formatted" if shown == "formatted" or (least > 1 and least > len(str(abs(int(value))))) else "number"


def _section(code: str, value: float) -> tuple[str, bool]:
    """The part of the code for this number, and whether it must show the minus itself."""
    sections = [part for part in _sections(code) if "@" not in part] or [code]
    conditions = [_CONDITION.search(part) for part in sections]
    if any(conditions):
        holding = (
            part for part, found in zip(sections, conditions, strict=True) if found is None or _holds(found, value)
        )
        return next(holding, ""), False
    place = 1 if value < 0 else 2 if value == 0 else 0
    return (sections[place], place == 1) if place < len(sections) else (sections[0], False)


@lru_cache(maxsize=1_000)
def _sections(code: str) -> list[str]:
    """Each ends with a semicolon."""
    found, place = [], 0
    while place <= len(code):
        section = _SECTION.match(code, place)
        found.append(section[0] if section else "")
        place += len(found[-1]) + 1
    return found


def _holds(condition: re.Match[str], value: float) -> bool:
    return bool(_COMPARE[condition[1]](value, float(condition[2])))


@lru_cache(maxsize=1_000)
def _shown(section: str) -> tuple[Shown, int]:
    """And in how many digits at least. Signs between digits, 000-0000, change nothing."""
    plain = _NO_TEXT.sub("", _GENERAL.sub("0", section))
    if not _PLACE.search(_LITERAL.sub("", plain)) or _ANOTHER.search(_LITERAL.sub(_marked, plain)):
        return "scaled", 0
    is_worded = any(character.isalpha() for character in plain)
    return ("formatted" if is_worded else "number"), _LITERAL.sub("", plain).partition(".")[0].count("0")


def _marked(literal: re.Match[str]) -> str:
    """Its digits as 9 and its points as ·, which no code has outside of literals."""
    return re.sub(r"\d", "9", literal[1] or literal[2] or "").replace(".", "·").replace("%", "")

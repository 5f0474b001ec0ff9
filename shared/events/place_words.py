"""How people write a place, a number or an officer when they look for a case or a message.

    银泉阁5栋503   5-503   ５号楼 ５０３   5幢2單元503室   五栋五〇三   1024   邱敏

Letters fold in the same way on both sides of a comparison: traditional forms, Chinese digits, the words for a building, upper case. The
register folds by `fold_letters`; SQL folds what it compares with `words` by lower(translate(text, …)) with the two texts of `letters_for`.

Invariant: a word that names a building or a stairwell is that one and no other, so 5栋 does not find 15栋.
Held by tests/unit/events/test_place_words.py.
"""

import re
import unicodedata
from collections.abc import Iterable

from shared.events.script import SIMPLIFIED

_LETTERS = SIMPLIFIED | str.maketrans(dict(zip("幢座零〇一二三四五六七八九", "栋栋00123456789", strict=True)))
_OF_A_PLACE = "号楼栋单0123456789"
_BUILDING = re.compile(r"(\d+)\s*(?:号楼|号栋|栋)")
_STAIRWELL = re.compile(r"(\d+)\s*(?:单元|梯)")
_DOOR = re.compile(r"(\d+)\s*(?:室|号房)")
_DASHED = re.compile(r"(?<![\w-])(\d{1,3})-(?:(\d{1,2})-)?(\d{2,5})(?![\w-])")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−－﹣", "-"))
_AT_ITS_BEGINNING = re.compile(r"\d{1,5}(?:栋|单元)?$")


def fold_letters(written: str) -> str:
    """Width, case, traditional forms, Chinese digits and the words for a building."""
    return unicodedata.normalize("NFKC", written).lower().translate(_LETTERS)


def letters_for(found: Iterable[str]) -> tuple[str, str]:
    """What is written, and what it folds to, letter by letter: those alone that decide whether these words occur, since SQL compares a
    text with every letter of the list.
    """
    wanted = {*_OF_A_PLACE, *"".join(found)}
    chosen = {chr(written): folded for written, folded in _LETTERS.items() if folded in wanted}
    return "".join(chosen), "".join(chosen.values())


def words(written: str) -> list[str]:
    """Each must occur; one that begins with a blank must begin a part of the place."""
    text = fold_letters(written).translate(_DASHES)
    text = _DASHED.sub(lambda found: _dashed(*found.groups()), text)
    for pattern, unit in ((_BUILDING, "栋"), (_STAIRWELL, "单元"), (_DOOR, "")):
        text = pattern.sub(rf" \g<1>{unit} ", text)
    return [f" {word}" if _AT_ITS_BEGINNING.match(word) else word for word in text.split()]


def _dashed(building: str, stairwell: str | None, door: str) -> str:
    return f"{building}栋 {f'{stairwell}单元 ' if stairwell else ''}{door}"

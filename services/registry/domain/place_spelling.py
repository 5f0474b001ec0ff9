"""How a person writes a place or an officer, folded so that different spellings meet: 银泉阁5栋503, 5-503, 银泉阁５幢五零三室.

Invariant: both sides of a comparison are folded in the same way, so folding may lose what tells no two places apart here.
Held by tests/unit/registry/test_place_spelling.py.
"""

import re
from dataclasses import dataclass

from shared.events.place_words import fold_letters

_BUILDING = re.compile(r"号楼|楼栋")
_DASHES = re.compile(r"(?<=[0-9a-z])[-‐-―_/](?=[0-9])")
_BETWEEN = re.compile(r"[\s,，。、·]+")
_DOOR = re.compile(r"(?<=[0-9])[室房号]$")


@dataclass(frozen=True)
class Place:
    """A unit's place in its parts, each folded."""

    compound: str
    building: str
    stairwell: str
    door: str

    def matches(self, words: str) -> bool:
        """Whether folded words name this place: its whole name in order, the end of it, a door alone, or any part of a compound."""
        number = self.building.removesuffix("栋")
        full = f"{self.compound}{self.building}{self.stairwell}{self.door}"
        short = f"{self.compound}{self.building}{self.door}"
        stairwell = self.stairwell.removesuffix("单元")
        by_number = {f"{number}栋{self.door}", f"{number}栋{stairwell}栋{self.door}"}  # 5-503, 5-1-503
        if words in by_number | {full, short, self.door, *(f"{self.compound}{numbered}" for numbered in by_number)}:
            return True
        return bool(words) and not words.isdigit() and (full.startswith(words) or short.startswith(words))


def fold(words: str) -> str:
    """The letters, without spaces and with one sign between the parts."""
    plain = _BUILDING.sub("栋", _BETWEEN.sub("", fold_letters(words)))
    return _DOOR.sub("", _DASHES.sub("栋", plain))


def place(compound: str, building: str, stairwell: str, door: str) -> Place:
    return Place(fold(compound), fold(building), fold(stairwell), fold(door))

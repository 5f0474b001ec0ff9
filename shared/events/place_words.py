"""How people write a place, a number or an officer when they look for a case or a message.

    银泉阁5栋503   5-503   ５号楼 ５０３   5幢2单元503室   1024   邱敏

Invariant: a word that names a building or a stairwell is that one and no other, so 5栋 does not find 15栋.
"""

import re
import unicodedata

_BUILDING = re.compile(r"(\d+)\s*(?:号楼|號樓|号栋|幢|座|棟|栋)")
_STAIRWELL = re.compile(r"(\d+)\s*(?:单元|單元|梯)")
_DOOR = re.compile(r"(\d+)\s*(?:室|号房|號房)")
_DASHED = re.compile(r"(?<![\w-])(\d{1,3})-(?:(\d{1,2})-)?(\d{2,5})(?![\w-])")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−－﹣", "-"))
_AT_ITS_BEGINNING = re.compile(r"\d{1,5}(?:栋|单元)?$")


def words(written: str) -> list[str]:
    """Each must occur; one that begins with a blank must begin a part of the place."""
    text = unicodedata.normalize("NFKC", written).translate(_DASHES)
    text = _DASHED.sub(lambda found: _dashed(*found.groups()), text)
    for pattern, unit in ((_BUILDING, "栋"), (_STAIRWELL, "单元"), (_DOOR, "")):
        text = pattern.sub(rf" \g<1>{unit} ", text)
    return [f" {word}" if _AT_ITS_BEGINNING.match(word) else word for word in text.split()]


def _dashed(building: str, stairwell: str | None, door: str) -> str:
    return f"{building}栋 {f'{stairwell}单元 ' if stairwell else ''}{door}"

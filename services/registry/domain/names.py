"""Names of people and organisations: validity, canonical spelling, and the difference between two similar names.

Invariant: what is a Han character and what is a digit does not depend on the interpreter's tables. Masking is shared/events/masking.py.
Held by tests/unit/registry/test_names.py.
"""

import re
import unicodedata
from typing import Literal

from shared.events.script import SIMPLIFIED
from shared.events.terms import PersonKind

Alike = Literal["signs", "capitals", "variant"]

_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"  # planes 2 and 3 whole: blocks to come lie there
# 陈 安, with a space for alignment, would be a different name from 陈安.
_SPACED = re.compile(f"[{_HAN}] +[{_HAN}]")
_LETTER = re.compile(f"[{_HAN}]|[^\\W\\d_]")
_ORGANISATION = re.compile(".*(公司|集团|银行|学校|医院|合作社|委员会|事务所|基金会)")
# Replacements for a lost character by other programs, and for a masked one by exports; a character that is described and not written.
_QUESTION = "?？﹖¿⁇⁈⁉‽⸮؟⍰❓❔"
_STARS = "*＊﹡∗⋆⁎⁑⁂★☆✱✲✳✻✽❋※×╳⨉⨯❌❎✕✖✗✘\u2729-\u2730\u2b50"
_BOXES = (
    "〓〼〿\u25a0-\u25ff\u2580-\u259f\u2610-\u2613\u274d-\u2752\u2b1a-\u2b1c\u2b24-\u2b2f\u2b55\u2b58\u2bd0\u2327\u2395\u20dd-\u20e4\ufffc\ufffd"
    "\u2400-\u2426\U0001f532-\U0001f533\U0001f780-\U0001f7ff"  # pictures of controls; squares and circles
    "\u2ff0-\u2fff\u303e\u31ef"  # describe a character by its parts
    "€"  # what cp936 makes of a byte without a character
)
_REPLACED = "锟斤拷|ï¿½"  # U+FFFD, read once more as GBK or as Latin-1
_LOST = re.compile(f"[{_QUESTION}{_BOXES}]|{_REPLACED}")
_LOST_OR_HIDDEN = re.compile(f"[{_QUESTION}{_STARS}{_BOXES}]|{_REPLACED}")
_CROSSES = "xXｘＸⅹⅩχΧхХㄨ〤"  # and letters of other scripts that look the same
# A cross, a circle or a line in the place of characters; 囗 and ロ, which are typed for a box.
_HIDDEN_IN_A_PERSONS = re.compile(
    f"[#＃﹟_＿…⋯﹏]|[-‐-―−]{{2}}|[.·．]{{2}}|^[{_CROSSES}]+(?=[{_HAN}])|^[某·.．。~～〜-]|囗|(?<=[{_HAN}])ロ(?![ァ-ヿ])"
    f"|(?<=[{_HAN}])(?:[{_CROSSES}]+(?![^{_HAN}])|某|[oOоО〇]{{2}}|[-‐-―−~～〜·.．。]+$)"
)
# What stands in no person's name: signs of ASCII and Latin-1, currencies, arrows, mathematics, pictures, brackets of titles; between
# characters also what separates two names in one cell.
_FOREIGN_TO_A_PERSONS = re.compile(
    '[!"$%&+:;<=>@\\[\\\\\\]^{|}~\u00a1-\u00a9\u00ab-\u00b3\u00b5\u00b6\u00b8\u00b9\u00bb-\u00bf\u00f7'
    "\u2020\u2021\u2030-\u2038\u203b-\u205e\u20a0-\u20cf\u2100-\u214f\u2190-\u2bff\u3001\u3003\u3004\u3008-\u3020\u3030\u303d\u3200-\u33ff"
    "！＂＄％＆＋／：；＜＝＞＠［＼］＾｛｜｝～\U0001f000-\U0001faff]"
    f"|(?<=[{_HAN}])[,，/](?=[{_HAN}])"
)
# Parts of characters (⼈ is not 人), which copies from other documents hold in their place.
_RADICALS = re.compile("[\u2e80-\u2fdf]")
# The zero of each script that has digits; the other nine follow it.
_ZEROS = (
    0x30, 0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50, 0xED0,
    0xF20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620,
    0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30, 0x10D40, 0x11066, 0x110F0, 0x11136,
    0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x116D0, 0x116DA, 0x11730, 0x118E0, 0x11950, 0x11BF0,
    0x11C50, 0x11D50, 0x11DA0, 0x11DE0, 0x11F50, 0x16130, 0x16A60, 0x16AC0, 0x16B50, 0x16D70, 0x1CCF0, 0x1E140,
    0x1E2F0, 0x1E4F0, 0x1E5F1, 0x1E950, 0x1FBF0,
)  # fmt: skip
_DIGITS = re.compile(
    "[\u00b2\u00b3\u00b9\u1369-\u1371\u19da\u2070-\u2079\u2080-\u2089\u2460-\u249b\u24ea-\u24ff\u2776-\u2793\u3220-\u3229"
    "\u3280-\u3289\U00010a40-\U00010a43\U00010e60-\U00010e68\U00011052-\U0001105a\U0001d7ce-\U0001d7ff\U0001f100-\U0001f10a"
    + "".join(f"{chr(zero)}-{chr(zero + 9)}" for zero in _ZEROS)
    + "]"
)
_ORDINAL = re.compile(r"(?<= )(1st|2nd|3rd|[4-9]th)$")  # O’Neil 3rd
_DOT = "\u00b7"
_DOTS = str.maketrans(dict.fromkeys("\u2022\u30fb\u2027\uff65\u2219\u22c5\u0387\u16eb\u2e31\u2e33\ua78f", _DOT))
_SIGNS = re.compile(r"[\s·.．。'‘’ʼ′`´＇\-‐‑‒–—－,，、()（）]")  # signs that people confuse


def canonical(name: str) -> str:
    """Replaces every middle dot by U+00B7: people type different ones for the same name."""
    return name.translate(_DOTS)


def lost_text(written: str) -> bool:
    """True when the text has a replacement character, left by a program that lost the original character."""
    return _LOST.search(written) is not None or _garbled(written)


def flaw(name: str, kind: PersonKind | None) -> str | None:
    """Why this is not a complete name; None when it is valid. `kind`: None if unknown."""
    if _LOST_OR_HIDDEN.search(name) or _garbled(name) or (kind == "natural" and _HIDDEN_IN_A_PERSONS.search(name)):
        return "name-lost-text"
    if not is_name(name):
        return "name-form"
    if kind != "natural":
        return None
    if _DIGITS.search(_ORDINAL.sub("", name)):
        return "name-with-digits"
    return "name-form" if _FOREIGN_TO_A_PERSONS.search(name) else None


def has_radical(written: str) -> bool:
    return _RADICALS.search(written) is not None


def _garbled(written: str) -> bool:
    """True for UTF-8 that was read as the letters of Western Europe, é™ˆå®‰, or as GBK, 闄堝畨: both are 陈安.

    No text of people is the first by chance. The second needs a rare character that stands for common ones.
    """
    if written.isascii():
        return False
    if not _read_again(written, "cp1252").isascii():
        return True
    return not _is_common(written) and not (was := _read_again(written, "gbk")).isascii() and _is_common(was)


def _read_again(written: str, encoding: str) -> str:
    """Empty where it cannot have been UTF-8."""
    try:
        return written.encode(encoding).decode()
    except UnicodeError:
        return ""


def _is_common(written: str) -> bool:
    """In GB 2312, which has nearly every character of daily use."""
    try:
        return bool(written.encode("gb2312"))
    except UnicodeError:
        return False


def is_name(name: str) -> bool:
    """Has a character or a letter in it (a number in the column of names is another column's), and no gap between characters."""
    return _LETTER.search(name) is not None and not _SPACED.search(name)


def is_of_organisation(name: str) -> bool:
    """True by the ending of the name. False proves nothing: a sole trader with a credit code may have a person's name."""
    return _ORGANISATION.fullmatch(name) is not None


def alike(one: str, other: str) -> Alike | None:
    """The difference between two names that look the same; None for names that do not look alike."""
    if (bare := _SIGNS.sub("", one)) == (bare_other := _SIGNS.sub("", other)):
        return "signs"
    if bare.casefold() == bare_other.casefold():
        return "capitals"
    folded = [unicodedata.normalize("NFKC", name).casefold() for name in (bare, bare_other)]
    return "variant" if folded[0] == folded[1] else None


def folded(name: str) -> str:
    """Without what two people write differently of one name: width, capitals, signs and spaces, traditional forms."""
    return _SIGNS.sub("", unicodedata.normalize("NFKC", canonical(name))).casefold().translate(SIMPLIFIED)

"""Masked names. Made here, at the source, once; no other part of the system ever has the readable one.

A person keeps the family name (陈**), a name in Latin letters its first letter (M**), an organisation its first two characters.
The number of stars says nothing about the length of what they hide.
"""

import re

from shared.events.terms import PersonKind

_DOUBLE = re.compile(
    "(欧阳|司马|上官|诸葛|夏侯|皇甫|尉迟|公孙|慕容|令狐|司徒|司空|东方|独孤|南宫|端木|百里|长孙|宇文|闻人)."
)
_HIDDEN = "**"
# 陈 安, spaced so that it is as long as the names around it, would be another name than 陈安.
_SPACED = re.compile("[\u4e00-\u9fff] +[\u4e00-\u9fff]")
_ORGANISATION = re.compile(".*(公司|集团|银行|学校|医院|合作社|委员会|事务所|基金会)")


def masked(name: str, kind: PersonKind = "natural") -> str:
    shown = 2 if kind == "organisation" or _DOUBLE.match(name) else 1
    # A name of one character, or an organisation of two, would stand there whole.
    return name[: min(shown, len(name) - 1)] + _HIDDEN


def is_name(name: str) -> bool:
    """Has a character or a letter in it (a number in the column of names is another column's), and no gap between characters."""
    return any(each.isalpha() for each in name) and not _SPACED.search(name)


def is_of_organisation(name: str) -> bool:
    """By how it ends; no person's does. The other way round nothing can be said: a sole trader's credit code may bear a person's name."""
    return _ORGANISATION.fullmatch(name) is not None

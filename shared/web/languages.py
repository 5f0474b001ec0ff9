"""What pages say, in three languages, from TOML catalogues.

    [live.late]
    zh = "延迟 {seconds} 秒"
    zh_hant = "延遲 {seconds} 秒"
    en = "{seconds} s late"

A word that follows a count has its two forms in the text: `{n} {n|unit|units}`. Chinese has one form and needs none.

Invariant: an entry without all three languages stops the process at its start, so no reader meets half a translation.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from werkzeug.datastructures import LanguageAccept

Language = Literal["zh-Hans", "zh-Hant", "en"]
NAMES: Mapping[Language, str] = {"zh-Hans": "简体", "zh-Hant": "繁體", "en": "English"}
FIRST: Language = "zh-Hans"
_COLUMN: Mapping[Language, str] = {"zh-Hans": "zh", "zh-Hant": "zh_hant", "en": "en"}
_COUNTED = re.compile(r"\{(\w+)\|([^|{}]*)\|([^|{}]*)\}")
_TRADITIONAL = ("zh-hant", "zh-tw", "zh-hk", "zh-mo")


class Incomplete(Exception):  # noqa: N818 - names the state found
    """A catalogue entry lacks a language, is no entry, or has one name and two texts."""


class Catalogue:
    """All texts of one process. Filled at start, only read afterwards."""

    def __init__(self, *files: Path) -> None:
        self._texts: dict[str, Mapping[str, str]] = {}
        for file in files:
            self.add(file)

    def add(self, file: Path) -> None:
        """Raises Incomplete for an entry that lacks a language or is already there with another text."""
        for name, entry in _entries(_read(file)):
            if missing := set(_COLUMN.values()) - set(entry):
                raise Incomplete(f"{file.name}: {name} lacks {', '.join(sorted(missing))}")
            if self._texts.setdefault(name, entry) != entry:
                raise Incomplete(f"{file.name}: {name} is already there")

    def text(self, language: Language, name: str, **facts: object) -> str:
        """Raises KeyError for a name that no catalogue has, so no page with such a name can be released."""
        return filled(self._texts[name][_COLUMN[language]], facts)

    def section(self, language: Language, prefix: str) -> dict[str, str]:
        """The unformatted texts below a prefix, for the page's script."""
        below = f"{prefix}."
        column = _COLUMN[language]
        return {
            name.removeprefix(below): entry[column] for name, entry in self._texts.items() if name.startswith(below)
        }


def filled(text: str, facts: Mapping[str, object]) -> str:
    """English says one of exactly 1, and many of all else: 0, 1,708, 1.0 s and what is unknown. static/filled.js does the same."""
    return _COUNTED.sub(lambda found: found[2] if str(facts[found[1]]) == "1" else found[3], text).format(**facts)


def known(tag: str | None) -> Language | None:
    return next((language for language in NAMES if language == tag), None)


def preferred(accepted: LanguageAccept) -> Language:
    """Chinese first, traditional where the browser says so. English is chosen on the page, not guessed from a browser's default."""
    chinese = (tag.lower() for tag in accepted.values() if tag.lower().startswith("zh"))
    return "zh-Hant" if next(chinese, "").startswith(_TRADITIONAL) else FIRST


@cache
def _read(file: Path) -> Mapping[str, object]:
    """Read once per process: all pages of a service share the texts of the frame."""
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _entries(table: Mapping[str, object], path: str = "") -> Iterator[tuple[str, Mapping[str, str]]]:
    for name, value in table.items():
        if not isinstance(value, dict):
            raise Incomplete(f"{path}{name} is no entry")
        if all(isinstance(text, str) for text in value.values()):
            yield f"{path}{name}", value
        else:
            yield from _entries(value, f"{path}{name}.")

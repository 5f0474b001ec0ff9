"""One thing that is wrong with a request, at its place. Words in three languages: faults.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

Place = tuple[int | str, ...]

_COLUMNS: Final[Mapping[str, str]] = {"zh-Hant": "zh_hant", "en": "en"}
_WORDS: Final[Mapping[str, Mapping[str, str]]] = tomllib.loads(
    Path(__file__).with_name("faults.toml").read_text(encoding="utf-8")
)
_LONGEST: Final = 100  # of one name as it is repeated in an answer


@dataclass(frozen=True)
class Fault:
    """`words`: the sentence for a code that no catalogue has."""

    place: Place
    code: str
    words: str = ""

    def in_language(self, language: str) -> dict[str, str]:
        """As the answer's `errors` have it: zh, zh-Hant or en."""
        names = [str(part)[:_LONGEST] for part in self.place]
        return {
            "field": ".".join(names),
            "pointer": "".join(f"/{name.replace('~', '~0').replace('/', '~1')}" for name in names),
            "code": self.code,
            "message": _WORDS.get(self.code, {}).get(_COLUMNS.get(language, "zh"), self.words),
        }

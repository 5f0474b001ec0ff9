"""All templates, read once from `wordings/<name>.v<version>.toml`. Their invariants are in
wording.py.
Held by tests/unit/notify/test_wording.py.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from services.notify.domain.wording import LANGUAGES, Template, Wording

_FOLDER = Path(__file__).parent / "wordings"


def find(name: str, version: int) -> Template:
    """The version that a stored message names. Raises KeyError for an unknown one."""
    return every()[name, version]


def newest(name: str) -> Template:
    return every()[name, max(version for known, version in every() if known == name)]


@cache
def every() -> Mapping[tuple[str, int], Template]:
    read = [_template(file) for file in sorted(_FOLDER.glob("*.toml"))]
    return {(template.name, template.version): template for template in read}


def _template(file: Path) -> Template:
    name, version = file.stem.split(".v")
    document = tomllib.loads(file.read_text(encoding="utf-8"))
    wordings = {language: Wording(**document[language]) for language in LANGUAGES}
    return Template(name, int(version), document["approved_on"], wordings)

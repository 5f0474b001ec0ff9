"""Punctuation is a text, too: a full-width comma that stands in a template or a script is drawn on the English page."""

import re
from pathlib import Path

import pytest

from deploy.local.place import ROOT

FILES = sorted(
    path
    for folder in ("services", "shared")
    for kind in ("templates/*.html", "static/*.js")
    for path in (ROOT / folder).rglob(kind)
    if path.name != "case-paper.html"  # the paper is always in Chinese
)
_COMMENT = re.compile(r"\{#.*?#\}|/\*.*?\*/|(?m:^\s*//.*$)", re.DOTALL)
# After `language == "en" else` stands what is for the others.
_CHOSEN = re.compile(r'if language == "en" else "[^"]*"')


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_punctuation_of_one_language_stands_outside_the_texts(path: Path) -> None:
    code = _CHOSEN.sub("", _COMMENT.sub("", path.read_text(encoding="utf-8")))
    assert re.findall(r".{0,30}[，：；、。].{0,10}", code) == []


@pytest.mark.parametrize(
    "path", [path for folder in ("services", "shared") for path in sorted((ROOT / folder).rglob("web/*.toml"))], ids=str
)
def test_no_english_text_has_a_curly_quote(path: Path) -> None:
    """In a Chinese font it takes the width of a character."""
    assert [
        line
        for line in re.findall(r"^en = .*$", path.read_text(encoding="utf-8"), re.MULTILINE)
        if re.search("[“”‘’]", line)
    ] == []

"""Is a variable, parameter or function named by the noun of the thing? A name that only points at something costs every later reader."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.place import ROOT
from tests.support.tree import tracked

POINTERS = {"each", "told", "said", "asked", "heard", "here", "there", "these", "those", "then", "never"}
VERBS = {"told", "said"}
PUBLISHED = {"told_at"}  # in version 1 of notify's API
_TEMPLATE = re.compile(r"\{%-?\s*(?:for|set)\s+([\w, ]+?)\s*(?:\bin\b|=|-?%\})|\{%-?\s*macro\s+\w+\(([^)]*)\)")
_SCRIPT = re.compile(
    r"\b(?:const|let|var|function)\s+(\w+)|\b(?:const|let|var)\s+[\[{]([\w, ]+)[\]}]|\(([\w, ]+)\)\s*=>|\b(\w+)\s*=>"
)

# A statement of SQL in a string, and what it gives a name to; released migrations never change.
_STATEMENT = re.compile(
    r"\s*(?:--.*\s+)*(?:select|insert|update|delete|with|merge|create|from|join)\b[^.]", re.IGNORECASE
)
_ALIAS = re.compile(r"\bas\s+([a-z]\w*)", re.IGNORECASE)
_REMARK = re.compile(r"--.*")


def in_python(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case ast.arg(arg=name) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Constant(value=str(words)) if _STATEMENT.match(words):
                yield from _ALIAS.findall(_REMARK.sub("", words))


def in_text(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    for found in pattern.finditer(text):
        yield from re.findall(r"\w+", " ".join(filter(None, found.groups())))


def names(path: Path) -> Iterator[str]:
    """What a file gives a name to."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return in_python(text)
    return in_text(_TEMPLATE if path.suffix == ".html" else _SCRIPT, text)


def test_a_name_is_the_noun_of_the_thing() -> None:
    files = [path for path in tracked() if path.suffix in {".py", ".html", ".js", ".ts"}]

    assert len(files) > 700
    assert [
        f"{path.relative_to(ROOT)}: {name}" for path in files for name in names(path) if name.strip("_") in POINTERS
    ] == []


def test_a_name_has_the_verb_of_its_own_act() -> None:
    """These words stand for nine different things; each has a verb of its own: shown, recorded, reported, sent."""
    assert [
        f"{path.relative_to(ROOT)}: {name}"
        for path in tracked()
        if path.suffix == ".py"
        for name in in_python(path.read_text(encoding="utf-8"))
        if name not in PUBLISHED and VERBS & set(name.lower().split("_"))
    ] == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("each.py", "for each in units: pass"),
        ("each.py", "total = sum(each.area for each in units)"),
        ("said.py", "def said(text): return text"),
        ("asked.py", "self.asked = 3"),
        ("each.py", "LINES = text('select * from unnest(:doors) as each')"),
        ("each.html", "{% for number, each in units %}"),
        ("each.html", "{% macro row(each, last=none) %}"),
        ("said.html", "{% set said = checked.document %}"),
        ("each.js", "units.filter((each) => each.area)"),
        ("each.js", "units.filter(each => each.area)"),
        ("here.js", "const here = 1"),
    ],
)
def test_the_rule_sees_every_way_to_give_a_name(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    assert path.stem in set(names(path))

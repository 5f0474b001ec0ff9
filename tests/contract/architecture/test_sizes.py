"""Is every piece small enough to be read at once? Limits of the house: module 400 lines, function 60, nesting 3."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.place import ROOT
from tests.support.tree import python_files, tracked

MODULE, FUNCTION, NESTING = 400, 60, 3
KIT, KIT_LINES = ("shared/messaging", "shared/service"), 5_830  # decision 10
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
# `with` does not count: it is no branch.
_NESTS = (ast.If, ast.For, ast.While, ast.Try, ast.Match, ast.AsyncFor)


@pytest.mark.parametrize("file", python_files(), ids=str)
def test_a_file_keeps_the_limits(file: Path):
    assert list(tails((ROOT / file).read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("x = 1\n" * (MODULE + 1), "module"),
        ("def long():\n" + "    x = 1\n" * FUNCTION, "long"),
        ("def deep():\n if a:\n  for b in c:\n   while d:\n    if e:\n     f()\n", "deep"),
    ],
)
def test_code_above_a_limit_is_named(source, found):
    assert any(found in item for item in tails(source))


def test_no_lock_names_an_address():
    locks = [file for file in tracked() if file.name.endswith((".lock", "lock.json", "lock.toml"))]
    assert locks
    assert [str(file) for file in locks if "://" in file.read_text(encoding="utf-8").replace("https://opencollective", "")
            .replace("https://github.com/sponsors", "")] == []  # fmt: skip


def test_the_kit_keeps_its_budget():
    sources = [(ROOT / file).read_text(encoding="utf-8") for file in python_files() if str(file.parent) in KIT]

    assert len(sources) > 40
    assert sum(map(lines_of_code, sources)) < KIT_LINES


def test_lines_of_code_exclude_blank_lines_comments_and_docstrings():
    assert (
        lines_of_code(
            '"""What\nit is."""\n\n# why\nx = """\na text\n"""\n\ndef f():\n    """So."""\n    return x  # that\n'
        )
        == 5
    )


def lines_of_code(source: str) -> int:
    tree = ast.parse(source)
    words = {line for node in ast.walk(tree) if isinstance(node, _DOCUMENTED) for line in _docstring(node)}
    lines = enumerate(source.splitlines(), start=1)
    return sum(1 for number, line in lines if line.strip() and line.strip()[0] != "#" and number not in words)


def _docstring(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> range:
    if ast.get_docstring(node) is None:
        return range(0)
    return range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)


def tails(source: str) -> Iterator[str]:
    if source.count("\n") > MODULE:
        yield f"module: {source.count(chr(10))} lines"
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if (lines := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION:
            yield f"{node.name}: {lines} lines"
        if (depth := nesting(node)) > NESTING:
            yield f"{node.name}: {depth} levels deep"


def nesting(node: ast.AST) -> int:
    return max((nesting(child) + _deeper(node, child) for child in ast.iter_child_nodes(node)), default=0)


def _deeper(parent: ast.AST, child: ast.AST) -> bool:
    """The AST nests an `elif` inside the else of an `if`; it does not count as deeper."""
    is_elif = isinstance(parent, ast.If) and isinstance(child, ast.If) and parent.orelse == [child]
    return isinstance(child, _NESTS) and not is_elif

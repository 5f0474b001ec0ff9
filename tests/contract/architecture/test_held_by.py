"""Does each module of rules name the tests that hold it, and does the repository contain what is cited?"""

import ast
import re
from pathlib import Path

import pytest

from deploy.local.place import ROOT
from tests.support.tree import tracked

# The rules that services share stand beside the contract; it has no folder of its own for them.
SHARED = ("compatibility", "day", "masking", "place_words", "roll", "script", "shares", "stage", "threshold")
RULES = [
    *sorted(path for path in ROOT.glob("services/*/domain/*.py") if path.name != "__init__.py"),
    *(ROOT / "shared" / "events" / f"{name}.py" for name in SHARED),
]
_HELD_BY = re.compile(r"^Held by (tests/\S+\.py(?:(?:,| and) tests/\S+\.py)*)\.$", re.MULTILINE)
_TEST = re.compile(r"^def test_|^Test\w+ = \w+\.TestCase$", re.MULTILINE)  # the other is a state machine
# Documents that are not part of the repository.
_ABSENT = re.compile(r"\b(product|design)\.md\b|\bdesign/\w+\.html\b|\bthe brief\b", re.IGNORECASE)
READ = {".py", ".md", ".sql", ".toml", ".js", ".html", ".css"}
FROZEN = "migrations/versions/"  # never edited, not even in a comment (decision 14)


@pytest.mark.parametrize("module", RULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_of_rules_names_tests_that_exist(module: Path) -> None:
    held = _HELD_BY.search(ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or "")
    assert held is not None, "its docstring ends with: Held by tests/…/test_….py."
    for test in re.split(", | and ", held[1]):
        assert _TEST.search((ROOT / test).read_text(encoding="utf-8"))


def test_no_file_cites_a_document_outside_the_repository() -> None:
    texts = [path for path in tracked() if path.suffix in READ and path != Path(__file__)]
    assert len(texts) > 100
    found = [
        f"{path.relative_to(ROOT)}: {cited[0]}"
        for path in texts
        if FROZEN not in path.as_posix() and (cited := _ABSENT.search(path.read_text(encoding="utf-8")))
    ]
    assert found == []

"""Does every link of the documents lead somewhere, and is every promise of the README kept by tests that exist?"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)[^)]*\)")
_OURS = ("docs", "deploy", "services", "shared", "tests")
# The copy of the runbook that a cluster's front door draws: its links are those of docs/runbook.md, and are drawn as text.
_COPY = ROOT / "deploy" / "kubernetes" / "base" / "front-door" / "runbook.md"
DOCUMENTS = sorted(
    {*ROOT.glob("*.md"), *(file for folder in _OURS for file in (ROOT / folder).rglob("*.md"))} - {_COPY}
)


def dead_links(document: Path) -> list[str]:
    return [
        link for link in _LINK.findall(document.read_text(encoding="utf-8")) if not (document.parent / link).exists()
    ]


def promises(readme: str) -> list[str]:
    """The links of the table of promises, one for each row."""
    table = readme.split("| promise | kept by |", 1)[1].split("\n\n", 1)[0]
    rows = [row for row in table.splitlines()[2:] if row.startswith("|")]
    return [link for row in rows for link in _LINK.findall(row)[:1] or [f"no link: {row}"]]


def count_of_tests(place: Path) -> int:
    files = [place] if place.is_file() else place.rglob("test_*.py") if place.is_dir() else []
    return sum(len(re.findall(r"^\s*def test_", file.read_text(encoding="utf-8"), re.MULTILINE)) for file in files)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_link_is_dead(document: Path):
    assert dead_links(document) == []


def test_a_dead_link_is_named(tmp_path: Path):
    document = tmp_path / "page.md"
    document.write_text("[here](page.md), [gone](gone.py#part), [far](https://example.org/gone)", encoding="utf-8")

    assert dead_links(document) == ["gone.py"]


def test_every_promise_is_kept_by_tests():
    kept = {link: count_of_tests(ROOT / link) for link in promises((ROOT / "README.md").read_text(encoding="utf-8"))}

    assert len(kept) >= 11
    assert [link for link, count in kept.items() if count == 0] == []


def test_a_promise_without_a_test_is_found(tmp_path: Path):
    (tmp_path / "test_none.py").write_text("VALUE = 1\n", encoding="utf-8")

    assert promises("| promise | kept by |\n|---|---|\n| it holds | soon |\n\nend") == ["no link: | it holds | soon |"]
    assert count_of_tests(tmp_path) == count_of_tests(tmp_path / "gone") == 0

"""Does each page name a thing by one word, and does no sentence for a person carry a name of the API?"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXTS = sorted(file for folder in ("services", "shared") for file in (ROOT / folder).rglob("web/**/*.toml"))
PROBLEMS = sorted(ROOT.glob("services/*/problems.toml"))
OF_PEOPLE = [file for file in PROBLEMS if file.parent.name in ("registry", "signing")]
SPOKEN = re.compile(r"csv|xlsx|UTF|Idempotency-Key|Clearwater", re.IGNORECASE)
NAMED_IN_CODE = re.compile(r"(?<![A-Za-z])(?:make [a-z]+|[a-z]{4,}(?:_[a-z]+)*)(?![A-Za-z])")


def entries(table: Mapping, path: str = "") -> Iterator[tuple[str, Mapping]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            if isinstance(value.get("zh"), str):
                yield f"{path}{name}", value
            else:
                yield from entries(value, f"{path}{name}.")


def read(file: Path) -> dict[str, Mapping]:
    return dict(entries(tomllib.loads(file.read_text(encoding="utf-8"))))


def other_word(entry: Mapping) -> bool:
    """A project is 片区 wherever it stands; 项目 is a line of the terms."""
    chinese = " ".join(str(entry.get(name, "")) for name in ("zh", "zh_hant", "next", "next_zh_hant"))
    english = f"{entry.get('en', '')} {entry.get('next_en', '')}"
    return "project" in english.lower() and ("项目" in chinese or "項目" in chinese)


@pytest.mark.parametrize("file", [*TEXTS, *PROBLEMS], ids=lambda file: str(file.relative_to(ROOT)))
def test_a_project_has_one_chinese_word(file: Path) -> None:
    assert [name for name, entry in read(file).items() if other_word(entry)] == []


@pytest.mark.parametrize("file", OF_PEOPLE, ids=lambda file: str(file.relative_to(ROOT)))
def test_advice_for_people_names_no_field_and_no_command(file: Path) -> None:
    advice = {name: f"{entry.get('next', '')} {entry.get('next_zh_hant', '')}" for name, entry in read(file).items()}
    found = {name: NAMED_IN_CODE.findall(SPOKEN.sub("", words)) for name, words in advice.items()}
    assert {name: words for name, words in found.items() if words} == {}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("按 faults 逐项改正", ["faults"]),
        ("先开设该区：make district DISTRICT=…", ["make district"]),
        ("存为 .xlsx", []),
    ],
)
def test_a_name_of_the_api_is_found(words: str, expected: list[str]) -> None:
    assert NAMED_IN_CODE.findall(SPOKEN.sub("", words)) == expected

"""Does an English text with a count say `1 unit` and `2 units`, on the server and in the browser?"""

import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import assets
from deploy.local.place import ROOT
from shared.web.languages import filled

FILES = sorted(
    file
    for folder in ("services", "shared")
    for file in (ROOT / folder).rglob("*.toml")
    if "zh_hant" in file.read_text(encoding="utf-8")
)
# Words after a fact that are no plurals: of a fact that is no count, or of a rule.
SINGULAR = {"has", "is", "was", "does"}
WAITS = "The period ended {at} and waits to be closed"
_BY_COUNT = re.compile(r"\{\w+\|[^{}]*\}")
_PLURAL = re.compile(r"\{\w+\}(?: [\w-]+)? ([\w-]{2,}s)\b")
FILLED = """
import { filled } from "FILE";
let text = "";
for await (const part of process.stdin) text += part;
process.stdout.write(JSON.stringify(JSON.parse(text).map(([text, facts]) => filled(text, facts))));
"""
CASES = [
    ("{n} {n|unit|units}", {"n": "1"}, "1 unit"),
    ("{n} {n|unit|units}", {"n": 1}, "1 unit"),
    ("{n} {n|unit|units}", {"n": 0}, "0 units"),
    ("{n} {n|unit|units}", {"n": "1,708"}, "1,708 units"),
    ("{n} {n|unit|units}", {"n": "—"}, "— units"),
    ("{a} of {b} {b|row|rows}", {"a": "1", "b": "2"}, "1 of 2 rows"),
]


def texts(table: dict, path: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    for name, value in table.items():
        if isinstance(value, dict) and isinstance(value.get("en"), str):
            yield f"{path}{name}", value
        elif isinstance(value, dict):
            yield from texts(value, f"{path}{name}.")


def wrong(text: str) -> set[str]:
    """The plurals that stand behind a fact and do not follow it."""
    return set() if text == WAITS else set(_PLURAL.findall(_BY_COUNT.sub("…", text))) - SINGULAR


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_english_text_counts_one_thing_as_many(file: Path) -> None:
    found = dict(texts(tomllib.loads(file.read_text(encoding="utf-8"))))

    assert {name: wrong(entry["en"]) for name, entry in found.items() if wrong(entry["en"])} == {}


@pytest.mark.parametrize("text", ["{n} units", "{n} signed agreements wait", "at least {least} characters"])
def test_a_plural_that_does_not_follow_its_count_is_named(text: str) -> None:
    assert wrong(text)


@pytest.mark.parametrize(("text", "facts", "expected"), CASES)
def test_the_server_fills_by_the_count(text: str, facts: dict[str, object], expected: str) -> None:
    assert filled(text, facts) == expected


def test_the_browser_fills_as_the_server_does() -> None:
    script = FILLED.replace("FILE", (ROOT / "shared" / "web" / "static" / "filled.js").as_uri())
    given = json.dumps([[text, facts] for text, facts, _ in CASES])
    run = subprocess.run(
        [assets.node(), "--input-type=module", "--eval", script],
        input=given,
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(run.stdout) == [expected for *_, expected in CASES]

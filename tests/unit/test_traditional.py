"""Is every zh-Hant text written in traditional characters, with one word for one thing?"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(
    file
    for folder in ("services", "shared")
    for file in (ROOT / folder).rglob("*.toml")
    if "zh_hant" in file.read_text()
)
# What is never written here, and what is written for it: words that readers in Taiwan and in Hong Kong both take.
NEVER = {
    "屏幕": "螢幕", "專案": "項目", "檯": "台", "身分": "身份", "聯繫": "聯絡", "查找": "搜尋", "保存條款": "儲存條款",
    "登錄": "登入", "賬": "帳", "裏": "裡", "信息": "訊息", "默認": "預設", "服務器": "伺服器", "運維": "維運",
    "鏈接": "連結", "網絡": "網路", "原件": "正本", "密鑰": "金鑰",
}  # fmt: skip


def texts(table: dict, path: str = "") -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from texts(value, f"{path}{name}.")
        elif name.endswith("zh_hant") and isinstance(value, str):
            yield f"{path}{name}", value


def faults(text: str) -> list[str]:
    """Characters that Big5 does not have, which are the simplified ones, and words of NEVER."""
    characters = [item for item in re.findall("[\u3400-\u9fff]", text) if not item.encode("big5", "ignore")]
    return characters + [word for word in NEVER if word in text]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_text_is_traditional_and_has_the_chosen_words(file: Path) -> None:
    found = dict(texts(tomllib.loads(file.read_text(encoding="utf-8"))))

    assert found
    assert {name: faults(text) for name, text in found.items() if faults(text)} == {}


@pytest.mark.parametrize(
    ("text", "expected"), [("新的从起草開始", ["从"]), ("日报", ["报"]), ("屏幕", ["屏幕"]), ("從起草開始", [])]
)
def test_a_simplified_character_or_another_word_is_named(text: str, expected: list[str]) -> None:
    assert faults(text) == expected

"""Has every row of the home, and every part of the product, its texts in three languages, and the script a count for each row?"""

import re
import tomllib
from pathlib import Path

import pytest

from services.signing.web import home
from shared.web import sections

WEB = Path(home.__file__).parent
ROWS = sorted({row.name for mine in home.ROWS.values() for row in mine})
TEXTS = tomllib.loads((WEB / "home.toml").read_text(encoding="utf-8"))
COUNTED = re.findall(
    r"^  (\w+): (?:async )?\(\) =>", (WEB / "static" / "home.js").read_text(encoding="utf-8"), re.MULTILINE
)


@pytest.mark.parametrize("row", ROWS)
def test_a_row_of_the_home_has_its_texts_and_its_count(row: str) -> None:
    for section in ("home_row", "home_go"):
        assert set(TEXTS[section][row]) == {"zh", "zh_hant", "en"}, section
    assert row in COUNTED


@pytest.mark.parametrize("section", [section.name for section in sections.SECTIONS])
def test_a_part_of_the_product_has_its_texts(section: str) -> None:
    texts = tomllib.loads((Path(sections.__file__).parent / "texts.toml").read_text(encoding="utf-8"))

    for kind in ("section", "section_for", "section_help"):
        assert set(texts[kind][section]) == {"zh", "zh_hant", "en"}, kind

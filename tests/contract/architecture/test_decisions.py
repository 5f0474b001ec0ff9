"""Does each decision record say what was rejected and when to look again, and does the index list it by its title?"""

from pathlib import Path

import pytest

from deploy.local.place import ROOT

FOLDER = ROOT / "docs" / "decisions"
RECORDS = sorted(FOLDER.glob("[0-9]*.md"))


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem[:4])
def test_a_record_names_what_was_rejected_and_when_to_look_again(record: Path) -> None:
    text = record.read_text(encoding="utf-8")
    assert "**Rejected.**" in text
    assert "**Look again**" in text


def test_the_index_lists_every_record_by_its_title() -> None:
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    for record in RECORDS:
        number, title = record.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ").split(". ", 1)
        assert f"| [{number}]({record.name}) | {title} |" in index

"""Is the tour readable by its test, is it for every role, and do its pictures exist and stay small?"""

import re
from pathlib import Path

import pytest

from shared.service.identity import ROLES
from tests import pictures
from tests.support import tour


def test_every_role_has_a_tour_of_some_steps():
    found = tour.read()

    assert set(found) == set(ROLES)
    assert all(3 <= len(steps) <= 15 for steps in found.values())
    assert all(steps[0].page == "/" for steps in found.values())


@pytest.mark.parametrize(
    "line",
    [
        "1. `/wall` **look** “a” · “b”.",
        "1. Open the wall.",
        "1. `/wall` **see** “大屏”.",
        "2. `wall` **see** “a” · “b”.",
    ],
)
def test_a_numbered_line_that_does_not_read_as_a_step_is_reported(tmp_path: Path, line: str):
    document = tmp_path / "tour.md"
    document.write_text(f"## Clerk (`clerk`)\n\n{line}\n", encoding="utf-8")

    with pytest.raises(ValueError, match=re.escape(line)):
        tour.read(document)


def test_every_picture_exists_in_both_languages_and_is_small():
    files = {folder: {file.stem for file in (pictures.FOLDER / folder).glob("*.webp")} for folder in pictures.LANGUAGES}

    assert files == {folder: {picture.name for picture in pictures.PICTURES} for folder in pictures.LANGUAGES}
    assert sum(file.stat().st_size for file in pictures.FOLDER.rglob("*.*")) <= pictures.MOST_BYTES

"""Is one name one, in traditional and in simplified characters?"""

import pytest

from services.registry.domain import names, place_spelling
from shared.events import script


def test_each_pair_is_a_character_of_big5_and_another_one_that_folds_no_further() -> None:
    folded = {chr(one): other for one, other in script.SIMPLIFIED.items()}

    assert [character for character in folded if not character.encode("big5", "ignore")] == []
    assert [character for character, other in folded.items() if other in folded or other == character] == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("陳麗華", "陈丽华"),
        ("歐陽偉", "欧阳伟"),
        ("阿依古丽·买买提", "阿依古丽・买买提"),
        ("ＭＯＲＧＡＮ O’Neil", "morgan oneil"),
        ("澄水湾物业（深圳）有限公司", "澄水灣物業(深圳)有限公司"),
    ],
)
def test_a_name_that_is_written_differently_is_folded_alike(one: str, other: str) -> None:
    assert names.folded(one) == names.folded(other) != names.folded(f"{other}甲")


def test_a_place_is_folded_as_a_name_is() -> None:
    assert place_spelling.fold("銀泉閣5幢503") == place_spelling.fold("银泉阁5栋503") == "银泉阁5栋503"

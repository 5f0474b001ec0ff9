"""Is a place found however a person writes it, and no other place with it?"""

import pytest

from services.registry.domain import place_spelling

HERE = place_spelling.place("银泉阁", "5栋", "1单元", "503")
OTHERS = [
    place_spelling.place("银泉阁", "15栋", "1单元", "503"),
    place_spelling.place("银泉阁", "5栋", "1单元", "1503"),
    place_spelling.place("和丰苑", "4栋", "2单元", "503"),
]


@pytest.mark.parametrize(
    "words",
    [
        "银泉阁5栋503",
        "银泉阁 5栋 503",
        "５－５０３",
        "5-503",
        "5_503室",
        "5-1-503",
        "银泉阁5号楼503房",
        "銀泉閣5棟503",
        "银泉阁五幢五零三",
        "银泉阁 5栋 1单元 503",
        "银泉阁5-503",
    ],
)
def test_spellings_of_one_place_meet(words: str) -> None:
    folded = place_spelling.fold(words)

    assert HERE.matches(folded)
    assert not any(other.matches(folded) for other in OTHERS)


@pytest.mark.parametrize("words", ["503", "银泉阁", "银泉阁5栋", "银"])
def test_the_beginning_of_a_place_and_a_door_alone_find_it(words: str) -> None:
    assert HERE.matches(place_spelling.fold(words))


@pytest.mark.parametrize("words", ["", "50", "4-503", "5-504", "泉阁503", "'; drop table units", "%"])
def test_other_words_do_not_find_the_place(words: str) -> None:
    assert not HERE.matches(place_spelling.fold(words))


@pytest.mark.parametrize(
    ("words", "found"),
    [("银泉阁5栋2单元", True), ("银泉阁5栋50", True), ("5", False), ("50", False), ("503", True), ("", False)],
)
def test_a_place_is_found_by_its_beginning_with_or_without_its_stairwell_and_by_no_mere_digit(words: str, found: bool):
    assert place_spelling.Place("银泉阁", "5栋", "2单元", "503").matches(words) == found
    assert not place_spelling.Place("5号院", "1栋", "2单元", "101").matches("5")

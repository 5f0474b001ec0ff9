"""Are amounts in capitals those of the rules for payment documents, from one fen to the largest sum of an agreement?"""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.signing.domain.capitals import capitals

_DIGITS = {character: value for value, character in enumerate("零壹贰叁肆伍陆柒捌玖")}
_UNITS = {"拾": 10, "佰": 100, "仟": 1000}


@pytest.mark.parametrize(
    ("fen", "words"),
    [
        (0, "零元整"),
        (1, "壹分"),
        (10, "壹角"),
        (11, "壹角壹分"),
        (100, "壹元整"),
        (101, "壹元零壹分"),
        (110, "壹元壹角"),
        (1_000, "壹拾元整"),
        (10_500, "壹佰零伍元整"),
        (140_950, "壹仟肆佰零玖元伍角"),
        (600_714, "陆仟零柒元壹角肆分"),
        (168_032, "壹仟陆佰捌拾元叁角贰分"),
        (32_504, "叁佰贰拾伍元零肆分"),
        (1_640_902, "壹万陆仟肆佰零玖元零贰分"),
        (10_700_053, "壹拾万零柒仟元伍角叁分"),
        (5_519_720, "伍万伍仟壹佰玖拾柒元贰角"),
        (1_000_000, "壹万元整"),
        (1_000_100, "壹万零壹元整"),
        (1_010_000, "壹万零壹佰元整"),
        (1_095_000, "壹万零玖佰伍拾元整"),
        (1_100_000, "壹万壹仟元整"),
        (10_000_000_000, "壹亿元整"),
        (10_000_000_100, "壹亿零壹元整"),
        (10_001_000_000, "壹亿零壹万元整"),
        (100_000_000_000_000, "壹万亿元整"),
        (123_456_789_012_345, "壹万贰仟叁佰肆拾伍亿陆仟柒佰捌拾玖万零壹佰贰拾叁元肆角伍分"),
    ],
)
def test_an_amount_in_capitals(fen: int, words: str):
    assert capitals(fen) == words


@given(st.integers(min_value=0, max_value=2 * 10**17))
def test_written_capitals_are_read_back_as_the_same_amount(fen: int):
    assert read(capitals(fen)) == fen


@given(st.integers(min_value=0, max_value=2 * 10**17))
def test_no_zero_stands_twice_or_before_a_unit(fen: int):
    words = capitals(fen)

    assert "零零" not in words and not any(f"零{unit}" in words for unit in "拾佰仟万亿角分")
    assert words.endswith("整") == (fen % 100 == 0)


def test_a_negative_amount_is_a_fault_of_the_program():
    with pytest.raises(ValueError, match="never negative"):
        capitals(-1)


def read(words: str) -> int:
    """An independent reader: digits and units in order; 万 and 亿 multiply all before them."""
    whole, _, rest = words.removesuffix("整").partition("元") if "元" in words else ("", "", words)
    fen = sum(_DIGITS[digit] * {"角": 10, "分": 1}[unit] for digit, unit in itertools.pairwise(rest) if unit in "角分")
    return _read(whole) * 100 + fen


def _read(words: str) -> int:
    for name, size in (("亿", 10**8), ("万", 10**4)):
        if name in words:
            upper, _, lower = words.rpartition(name)
            return _read(upper) * size + _read(lower)
    total = digit = 0
    for character in words:
        if character in _UNITS:
            total, digit = total + digit * _UNITS[character], 0
        else:
            digit = _DIGITS[character]
    return total + digit

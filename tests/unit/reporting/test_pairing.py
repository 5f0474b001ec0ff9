"""Is a display's code the same code however it is typed, and hard to mistake?"""

import pytest

from services.reporting.domain import pairing


def test_a_code_is_eight_letters_of_which_none_looks_like_another():
    codes = {pairing.new_code() for _ in range(200)}

    assert len(codes) == 200
    assert all(len(code) == 8 and not set(code) & set("01OIL") for code in codes)
    assert all(pairing.halves(pairing.shown(code)) == (code[:4], code[4:]) for code in codes)


@pytest.mark.parametrize(
    "typed", ["K7QD93MX", "k7qd 93mx", " K7QD-93MX ", "k7qd\u300093mx", "Ｋ７ＱＤ９３ＭＸ", "k 7 q d 9 3 m x"]
)
def test_a_code_may_be_typed_in_small_letters_with_gaps_and_in_full_width(typed):
    assert pairing.halves(typed) == ("K7QD", "93MX")


@pytest.mark.parametrize(
    "typed",
    ["", "K7QD", "K7QD93MXX", "K7QD93M0", "代码代码代码代码", "K7QD93Mß", "'; drop--"],
)
def test_an_invalid_pairing_code_is_refused_before_any_look_up(typed):
    assert pairing.halves(typed) is None


def test_a_code_lives_ten_minutes_takes_five_tries_and_signs_a_display_in_for_half_a_year():
    assert (pairing.LIFE_SECONDS, pairing.MOST_TRIES, pairing.DAYS) == (600, 5, 180)

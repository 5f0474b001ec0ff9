"""Is there one rule for entered text, in every Python version and at every place?"""

import re
import unicodedata
from typing import Annotated

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, ValidationError

from shared import text
from shared.text import Name, Note, Unwritable, Written


class Entered(BaseModel):
    """As shared/service/http.py reads a body."""

    model_config = ConfigDict(str_strip_whitespace=True)
    name: Name = "x"
    note: Note = ""
    reason: Annotated[str, Written(200, shortest=4)] = "xxxx"


def code(value: str, *, longest: int = 200) -> str:
    try:
        text.line(value, longest=longest)
    except Unwritable as refusal:
        return refusal.code
    return ""


@pytest.mark.parametrize(
    "value",
    [
        "清溪片区",
        "李𠮷",
        "王㛃",
        "陈\U00031350",  # CJK extension H, Unicode 15.0
        "陈\U0002ebf0",  # CJK extension I, Unicode 15.1
        "陈\U000323b0",  # CJK extension J, Unicode 17.0: no table of this interpreter knows it
        "Müller-O'Neil",
        "Nguye\u0302\u0303n",  # combining marks
        "深府〔2026〕12号，第3条（一）·甲",
        "",
    ],
)
def test_ordinary_text_is_a_valid_line(value):
    assert text.line(value, longest=80) == value


@pytest.mark.parametrize("character", "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")
def test_every_line_separator_is_a_line_break(character):
    assert code(f"清溪{character}片区") == "line-break"


@pytest.mark.parametrize(
    "character",
    [
        "\0", "\x07", "\t", "\x1b", "\x7f", "\x9b",  # controls
        "\u00a0", "\u2003", "\u202f", "\u3000",  # spaces
        "\u00ad", "\u200b", "\u200d", "\ufeff", "\u061c", "\u2066", "\u202e", "\U000e0041",  # format, bidi, tags
        "\u115f", "\u3164", "\u2800", "\ufe0f", "\U000e0100",  # show nothing
        "\ufffc", "\ufffd", "\ufdd0", "\uffff", "\U0002fffe", "\U0010ffff",  # lost text, noncharacters
        "\U00050000",  # a plane without characters
    ],
)  # fmt: skip
def test_invisible_characters_are_not_printable(character):
    assert code(f"陈{character}安") == "not-printable"


@pytest.mark.parametrize("character", ["\ue000", "\uf8ff", "\U000f0000", "\U0010fffd"])
def test_a_private_use_character_is_named_as_such(character):
    assert code(f"陈{character}") == "private-use"


@pytest.mark.parametrize("point", [0xD800, 0xDBFF, 0xDC00, 0xDFFF])
def test_half_a_character_is_a_surrogate(point):
    assert code(f"陈{chr(point)}") == "surrogate"


def test_length_counts_characters():
    assert code("𠮷" * 40, longest=40) == ""
    assert code("𠮷" * 41, longest=40) == "too-long"


def test_the_refusal_names_the_first_character_and_never_the_text():
    with pytest.raises(Unwritable) as refusal:
        text.line("清溪\u2028片\u202e区", longest=80)

    assert (refusal.value.code, refusal.value.character) == ("line-break", "U+2028")
    assert "清溪" not in str(refusal.value)


def test_every_character_that_unicode_calls_a_control_a_format_a_surrogate_or_private_is_refused():
    wrong = [
        f"{point:04X}"
        for point in range(0x110000)
        if unicodedata.category(chr(point)) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} and not code(chr(point))
    ]

    assert wrong == []


def test_every_letter_digit_mark_and_sign_but_the_named_ones_is_accepted():
    """The interpreter's tables only check the rule; they are not the rule."""
    refused = {
        point for point in range(0x110000) if unicodedata.category(chr(point))[0] in "LMNPS" and code(chr(point))
    }

    invisible = {0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, 0x2800, 0x3164, 0xFFA0}
    selectors = {*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}
    assert refused == invisible | selectors | {0xFFFC, 0xFFFD}


def test_every_separator_of_splitlines_is_a_line_break():
    assert [f"{point:04X}" for point in range(0x110000) if len(f"a{chr(point)}b".splitlines()) > 1] == [
        f"{point:04X}" for point in range(0x110000) if code(chr(point)) == "line-break"
    ]


def test_a_note_has_lines_and_wide_spaces_and_its_crlf_is_lf():
    assert text.note("一\r\n\u3000\u3000二\t☎\ufe0f", longest=80) == "一\n\u3000\u3000二\t☎\ufe0f"


@pytest.mark.parametrize("character", ["\r", "\v", "\x85", "\u2028", "\0", "\u202e", "\ue000", "\ufffd"])
def test_a_note_with_an_invalid_character_is_refused(character):
    with pytest.raises(Unwritable):
        text.note(f"一{character}二", longest=80)


def test_a_body_names_the_place_and_the_code():
    with pytest.raises(ValidationError) as refusal:
        Entered.model_validate({"name": "清溪\u2029片区", "note": "\u202e", "reason": "a\ue000aa"})

    assert {(error["loc"], error["type"]) for error in refusal.value.errors()} == {
        (("name",), "line-break"),
        (("note",), "not-printable"),
        (("reason",), "private-use"),
    }


@pytest.mark.parametrize("field", ["name", "note", "reason"])
@settings(deadline=None)
@given(
    value=st.text(max_size=6) | st.text("\n\r\t a\x1c\x85\u2028\u3000\ue000\U00040000\U000f0000\u200d李", max_size=6)
)
def test_the_published_pattern_and_the_rule_agree(field, value):
    schema = Entered.model_json_schema()["properties"][field]
    try:
        Entered.model_validate({field: value})
        accepted = True
    except ValidationError:
        accepted = False

    assert (re.search(schema["pattern"], value) is not None and len(value) <= schema["maxLength"]) == accepted

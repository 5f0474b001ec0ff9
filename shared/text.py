"""What a person may enter as text: one rule for bodies, cells and messages, in every service.

    line(value, longest=80)     one line: a name, a number of a document, a reason
    note(value, longest=2_000)  several lines
    shown(value)                what of a foreign text a line may hold

Invariant: the rule stands here in full. It uses no table of the interpreter (str.isprintable, unicodedata), so that a character that
is accepted today is accepted by every version of Python, and a character that Unicode adds to planes 0 to 3 tomorrow is accepted
today. Length counts characters (code points). Nothing is repaired, except that a note's CR LF is LF.
Left to others: outer spaces, the empty text, and what a name of a person may contain beyond this.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

Code = Literal["line-break", "not-printable", "private-use", "surrogate", "too-long"]
Ranges = tuple[tuple[int, int], ...]

# Whatever any program takes for the end of a line: LF, VT, FF, CR, FS, GS, RS, NEL, LINE and PARAGRAPH SEPARATOR.
_LINE_BREAKS: Ranges = ((0x0A, 0x0D), (0x1C, 0x1E), (0x85, 0x85), (0x2028, 0x2029))
_SURROGATES: Ranges = ((0xD800, 0xDFFF),)  # half of a character: it cannot be written as UTF-8
_PRIVATE_USE: Ranges = ((0xE000, 0xF8FF), (0xF_0000, 0xF_FFFD), (0x10_0000, 0x10_FFFD))
_NOT_PRINTABLE: Ranges = (
    (0x00, 0x09), (0x0E, 0x1B), (0x1F, 0x1F), (0x7F, 0x84), (0x86, 0x9F),  # controls
    (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000),  # spaces but U+0020
    (0xAD, 0xAD), (0x34F, 0x34F), (0x600, 0x605), (0x61C, 0x61C), (0x6DD, 0x6DD), (0x70F, 0x70F), (0x890, 0x891),  # format
    (0x8E2, 0x8E2), (0x180E, 0x180E), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0xFEFF, 0xFEFF),
    (0xFFF0, 0xFFFB), (0x110BD, 0x110BD), (0x110CD, 0x110CD), (0x13430, 0x1343F), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A),
    (0x115F, 0x1160), (0x17B4, 0x17B5), (0x2800, 0x2800), (0x3164, 0x3164), (0xFFA0, 0xFFA0),  # letters that show nothing
    (0x180B, 0x180D), (0x180F, 0x180F), (0xFE00, 0xFE0F),  # variation selectors
    (0xFFFC, 0xFFFD),  # stand for what another program could not keep
    (0xFDD0, 0xFDEF), (0xFFFE, 0xFFFF), (0x1_FFFE, 0x1_FFFF), (0x2_FFFE, 0x2_FFFF), (0x3_FFFE, 0x3_FFFF),  # noncharacters
    (0x4_0000, 0xE_FFFF), (0xF_FFFE, 0xF_FFFF), (0x10_FFFE, 0x10_FFFF),  # planes without characters; tags and selectors
)  # fmt: skip
_REFUSED: tuple[tuple[Code, Ranges], ...] = (
    ("line-break", _LINE_BREAKS),
    ("surrogate", _SURROGATES),
    ("private-use", _PRIVATE_USE),
    ("not-printable", _NOT_PRINTABLE),
)
# White space as pydantic strips it; `\s` is another set in each dialect.
_OUTER: Ranges = (
    (0x09, 0x0D), (0x20, 0x20), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F),
    (0x205F, 0x205F), (0x3000, 0x3000),
)  # fmt: skip
# LF, tab, the wide space of Chinese paragraphs, and what joins letters and picks the form of an emoji.
_IN_NOTES = frozenset("\n\t\u3000\u200c\u200d\ufe0e\ufe0f")
_ASTRAL = 0x1_0000
_HALVES = 0xD800  # from here to U+DFFF stand the halves of which UTF-16 makes a character above U+FFFF
_PLANES = 0x4_0000  # what lies above holds no text
_CODES: dict[int, Code] = {
    point: code for code, ranges in _REFUSED for first, last in ranges for point in range(first, min(last + 1, _PLANES))
}


class Unwritable(ValueError):  # noqa: N818 - an answer, not an error
    """`character` names the first one that does not belong, as U+2028; empty where the text is too long."""

    def __init__(self, code: Code, character: str) -> None:
        super().__init__(f"{code} {character}".strip())
        self.code, self.character = code, character


def line(value: str, *, longest: int) -> str:
    """`value`, which is one line. Raises Unwritable."""
    return _checked(value, longest, allowed=frozenset())


def note(value: str, *, longest: int) -> str:
    """`value`, with LF for CR LF. Raises Unwritable."""
    return _checked(value.replace("\r\n", "\n"), longest, allowed=_IN_NOTES)


def shown(value: str) -> str:
    """`value` without the characters that a line may not hold; for a file's name, which nobody can correct."""
    return "".join(character for character in value if not _code(ord(character)))


def _checked(value: str, longest: int, *, allowed: frozenset[str]) -> str:
    if len(value) > longest:
        raise Unwritable("too-long", "")
    for character in value:
        if character not in allowed and (code := _code(ord(character))):
            raise Unwritable(code, f"U+{ord(character):04X}")
    return value


def _code(point: int) -> Code | None:
    if point < _PLANES:
        return _CODES.get(point)
    return "private-use" if any(first <= point <= last for first, last in _PRIVATE_USE) else "not-printable"


@dataclass(frozen=True)
class Written:
    """Marks a field of a body: `Annotated[str, Written(80)]`. The schema shows the rule as a pattern."""

    longest: int
    shortest: int = 1
    lines: bool = False

    def __get_pydantic_core_schema__(self, _: object, __: GetCoreSchemaHandler) -> CoreSchema:
        bounded = core_schema.str_schema(min_length=self.shortest, max_length=self.longest)
        return core_schema.no_info_after_validator_function(self._written, bounded)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(schema), "pattern": pattern(shortest=self.shortest, lines=self.lines)}

    def _written(self, value: str) -> str:
        try:
            return (note if self.lines else line)(value, longest=self.longest)
        except Unwritable as refusal:
            raise PydanticCustomError(refusal.code, "{character}", {"character": refusal.character}) from None


Name = Annotated[str, Written(80)]
Line = Annotated[str, Written(200)]
Note = Annotated[str, Written(2_000, shortest=0, lines=True)]


def pattern(*, shortest: int, lines: bool) -> str:
    """The rule as a regular expression of JSON Schema. Outer white space is allowed: a body's texts are stripped of it.

    It means the same in Python and in ECMAScript with the flag `u`. Without it a character above U+FFFF is two halves, and the planes
    without text are accepted too. So such a character ends a range only where its first half is above the range's beginning, and what
    cannot be said so stands before, as what may not occur. No half is named: readers written in Rust have none.
    """
    kept = {ord(character) for character in _IN_NOTES} if lines else set()
    refused = [
        part for _, ranges in _REFUSED if ranges is not _SURROGATES for span in ranges for part in _without(span, kept)
    ]
    outer, any_ = _class(_OUTER), f"[{_class(_accepted(refused))}]"
    visible = f"[{_class(_accepted([*refused, *_OUTER]))}]"
    if lines:
        any_ = f"(?:{any_}|\\r\\n)"
    words = f"{visible}{any_}{{{shortest - 2},}}{visible}" if shortest > 1 else f"{visible}(?:{any_}*{visible})?"
    return f"^(?![\\s\\S]*(?:{_beyond(refused)}))[{outer}]*{words if shortest else f'(?:{words})?'}[{outer}]*$"


def _accepted(refused: Iterable[tuple[int, int]]) -> Iterable[tuple[int, int]]:
    """What is not refused below the surrogates, and everything from there to the last plane with text."""
    first = 0
    for start, end in sorted(span for span in refused if span[0] < _HALVES):
        if first < start:
            yield first, start - 1
        first = max(first, end + 1)
    yield first, _PLANES - 1
    yield first, _ASTRAL - 1  # within the range before, where a character above U+FFFF is one


def _beyond(refused: Iterable[tuple[int, int]]) -> str:
    """What is refused from the surrogates on, as alternatives."""
    found = sorted(span for span in refused if _HALVES <= span[0] < _PLANES)
    single = [chr(point) for first, last in found if first >= _ASTRAL for point in range(first, last + 1)]
    return "|".join([f"[{_class(span for span in found if span[0] < _ASTRAL)}]", *single])


def _without(span: tuple[int, int], kept: set[int]) -> Iterable[tuple[int, int]]:
    first, last = span
    for point in sorted(kept_point for kept_point in kept if first <= kept_point <= last):
        if first < point:
            yield first, point - 1
        first = point + 1
    if first <= last:
        yield first, last


def _class(spans: Iterable[tuple[int, int]]) -> str:
    return "".join(_escaped(first) + (f"-{_escaped(last)}" if last > first else "") for first, last in sorted(spans))


def _escaped(point: int) -> str:
    """Above U+FFFF the character itself: the dialects of regular expressions agree on no escape for it."""
    return f"\\u{point:04x}" if point < _ASTRAL else chr(point)

"""Are values that no view may see found at any place of a request, and no others?"""

import io
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as some
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from shared.refusal import Refused
from shared.service import claims, edge
from shared.service.faults import Fault

WHOLE = {"sub": "a", "name": "简", "roles": ["desk"], "districts": ["440303", "*"]}
SOUND = some.recursive(
    some.none() | some.booleans() | some.text() | some.integers(-(2**63) + 1, 2**63 - 1) | some.floats(-1e300, 1e300),
    lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner),
).filter(lambda value: "\\u0000" not in json.dumps(value))


@given(SOUND)
def test_a_valid_request_is_read_unchanged(value: object) -> None:
    assert list(edge.faults(edge.read_json(json.dumps(value).encode()))) == []


@pytest.mark.parametrize(
    ("written", "place", "code"),
    [
        (r'{"a": [1, "x\u0000"]}', "/a/1", "zero-character"),
        (r'{"a": "\ud800"}', "/a", "not-unicode"),
        (r'{"\u0000": 1}', "/�", "zero-character"),
        ('{"a": 9223372036854775808}', "/a", "number-out-of-range"),
        ('{"a": ' + "9" * 5_000 + "}", "/a", "number-out-of-range"),
        ('{"a": -1e999}', "/a", "number-out-of-range"),
        ('{"a": NaN}', "/a", "number-out-of-range"),
        ('{"a": {"b/~": 1, "b/~": 1}}', "/a/b~1~0", "duplicate-key"),
    ],
)
def test_values_that_the_database_or_int_refuse_are_named_at_their_place(written: str, place: str, code: str) -> None:
    [fault] = edge.faults(edge.read_json(written.encode()))

    assert (fault.in_language("zh")["pointer"], fault.code) == (place, code)
    assert fault.in_language("en")["message"] != fault.in_language("zh-Hant")["message"] != ""


@pytest.mark.parametrize(
    ("written", "read"),
    [("1.0", 1), ("-2.0", -2), ("1e3", 1_000), ("9007199254740992.0", 2**53), ("1.5", 1.5), ("1e300", 1e300)],
)
def test_a_number_without_a_fraction_is_an_integer_however_it_is_written(written: str, read: float) -> None:
    found = edge.read_json(written.encode())

    assert (found, type(found)) == (read, type(read))


@pytest.mark.parametrize("written", [b"", b"{", b"\xff", '"é"'.encode("utf-16"), b"[" * 100_000, b"\xef\xbb\xbf1"])
def test_a_body_that_is_not_json_in_utf_8_is_a_value_error(written: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        edge.read_json(written)


@pytest.mark.parametrize("instant", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_an_instant_that_another_time_zone_cannot_say_is_a_fault(instant: datetime) -> None:
    assert list(edge.faults({"at": instant})) == [Fault(("at",), "instant-out-of-range")]


@pytest.mark.parametrize("text", ["", "-1", "1.0", "٣", "9" * 5_000, "9223372036854775808", " 1", "1_0", "x"])
def test_a_text_that_is_not_a_bigint_gives_none(text: str) -> None:
    assert edge.whole_number(text) is None
    assert edge.whole_number("9223372036854775807") == 2**63 - 1


@given(some.binary(max_size=40), some.integers(0, 40), some.none() | some.integers(0, 40))
def test_a_body_is_read_whole_or_refused(sent: bytes, most: int, declared: int | None) -> None:
    """Never a part of it: that would be another request."""
    expected = sent if declared is None else sent[:declared]
    try:
        body = edge.Body(io.BytesIO(sent), declared=declared, most=most)
        read = io.BufferedReader(body).read()
    except RequestEntityTooLarge:
        assert max(len(expected), declared or 0) > most
    except ClientDisconnected:
        assert declared is not None and len(sent) < declared
    else:
        assert read == expected and len(read) <= most


@pytest.mark.parametrize(
    "changed",
    [
        {"sub": ""},
        {"sub": "a\0"},
        {"sub": "\ud800"},
        {"sub": "x" * 256},
        {"sub": 7},
        {"sub": None},
        {"name": ["x"]},
        {"name": "\0"},
        {"roles": "desk"},
        {"roles": [1]},
        {"roles": None},
        {"roles": ["a\0"]},
        {"districts": "440303"},
        {"districts": [440303]},
        {"districts": ["44030"]},
        {"districts": ["440303,440305"]},
        {"districts": ["440303\n"]},
        {"districts": ["４４０３０３"]},
        {"districts": [["440303"]]},
        {"districts": {"440303": True}},
    ],
    ids=str,
)
def test_a_claim_of_another_form_is_a_token_that_is_not_valid(changed: dict[str, object]) -> None:
    assert claims.read(WHOLE | {"more": 1}).sub == "a"
    with pytest.raises(Refused, match=r"^token-invalid$"):
        claims.read(WHOLE | changed)

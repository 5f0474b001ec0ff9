"""Is no value taken for another one than was written: instants, days and whole numbers, in a body and in a query, at any depth?"""

import json
from datetime import date

import pytest
from flask import Flask
from pydantic import AwareDatetime

from shared.refusal import Refused
from shared.service import http
from shared.service.problems import Invalid


class Point(http.Body):
    at: AwareDatetime | None = None
    on: date | None = None
    count: str = ""


class Plan(http.Body):
    points: tuple[Point, ...]


NUMBERS = ("0", "2027", "1700000000", "1700000000.5", "-86400", "0.5", ".5", "+86400", " 86400 ")


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("name", ["at", "on"])
def test_a_bare_number_is_refused_at_its_place(name: str, number: str) -> None:
    body = json.dumps({"points": [{"count": "2027"}, {name: number}]})
    with (
        Flask("x").test_request_context(data=body, content_type="application/json"),
        pytest.raises(Invalid) as in_body,
    ):
        http.body(Plan)
    with Flask("x").test_request_context(query_string={name: number}), pytest.raises(Invalid) as in_query:
        http.query(Point)

    assert [fault.place for fault in in_body.value.errors] == [("points", 1, name)]
    assert [fault.place for fault in in_query.value.errors] == [(name,)]


@pytest.mark.parametrize(
    ("name", "written"), [("at", "2027-05-31T00:00:00+08:00"), ("on", "2027-05-31"), ("count", "2027")]
)
def test_an_instant_a_day_and_a_text_of_digits_are_read(name: str, written: str) -> None:
    with Flask("x").test_request_context(data=json.dumps({name: written}), content_type="application/json"):
        in_body = http.body(Point)
    with Flask("x").test_request_context(query_string={name: written}):
        in_query = http.query(Point)

    assert getattr(in_body, name) == getattr(in_query, name) != getattr(Point(), name)


@pytest.mark.parametrize("number", ["1_0", "1.0", "+1", " 1", "1 ", "01.", "1e0", "\u0663", ""])
def test_a_whole_number_of_a_query_is_written_in_digits(number: str) -> None:
    with Flask("x").test_request_context(query_string={"limit": number}), pytest.raises(Invalid) as refused:
        http.query(http.Page)
    with Flask("x").test_request_context(query_string={"limit": "10"}):
        read = http.query(http.Page)

    assert [(fault.place, fault.code) for fault in refused.value.errors] == [(("limit",), "int-parsing")]
    assert read.limit == 10


@pytest.mark.parametrize("query", ["limit=1&limit=1", "limit=x&limit=2", "cursor=a&limit=1&cursor=b"])
def test_a_parameter_that_is_no_list_is_given_once(query: str) -> None:
    with Flask("x").test_request_context(f"/?{query}"), pytest.raises(Invalid) as refused:
        http.query(http.Page)

    assert [fault.code for fault in refused.value.errors] == ["duplicate-key"]


def test_a_coded_body_is_not_read_as_a_plain_one() -> None:
    def reading(coding: str) -> Point:
        headers = {"Content-Encoding": coding}
        with Flask("x").test_request_context(data="{}", content_type="application/json", headers=headers):
            return http.body(Point)

    assert reading("identity") == Point()
    for coding in ("gzip", "br, gzip", ""):
        with pytest.raises(Refused, match=r"^media-type-unsupported$"):
            reading(coding)

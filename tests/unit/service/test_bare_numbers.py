"""Is a bare number never taken for an instant or a day, in a body and in a query, at any depth?"""

import json
from datetime import date

import pytest
from flask import Flask
from pydantic import AwareDatetime

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

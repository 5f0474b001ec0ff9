"""Does a browser keep nothing of what a service answers, but the files of its pages?

Answers hold names, numbers and telephones. Whoever sits at the desk next would find them in the browser's folder on the disk.
"""

import io
from collections.abc import Callable, Iterator
from http import HTTPStatus
from uuid import UUID

import pytest
from flask import Flask, Response, redirect, send_file
from werkzeug.exceptions import NotFound
from werkzeug.routing import AnyConverter, BaseConverter, Rule

from deploy.declaration import SERVICES
from shared.service import factory
from tests.support import described

VALUES = {"UUIDConverter": UUID(int=1), "IntegerConverter": 1, "FloatConverter": 1.0}


def file() -> Response:
    """As annotated.xlsx and the templates are sent; Flask writes Cache-Control: no-cache into it."""
    return send_file(io.BytesIO(b"x"), mimetype="text/csv", as_attachment=True, download_name="x.csv")


def weak() -> Response:
    answer = Response("x")
    answer.headers["Cache-Control"] = "private, max-age=60"
    return answer


def refused() -> Response:
    raise NotFound


KINDS: dict[str, Callable[[], object]] = {
    "file": file,
    "redirect": lambda: redirect("/"),
    "text": lambda: "x",
    "weaker": weak,
    "refusal": refused,
}


def answering(service: str, kind: Callable[[], object]) -> Flask:
    """The service's own routes, each with an answer of that kind, and the headers that its application puts on them."""
    app = described.app(service)
    factory._answer_headers(app)
    for endpoint in app.view_functions:
        if not endpoint.endswith(".static"):
            app.view_functions[endpoint] = lambda **_: kind()
    return app


def value_of(converter: BaseConverter) -> object:
    if isinstance(converter, AnyConverter):
        return min(converter.items)
    return VALUES.get(type(converter).__name__, "x")


def addresses(app: Flask) -> Iterator[tuple[Rule, str, str]]:
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        values = {name: value_of(made) for name, made in rule._converters.items()}
        for method in (rule.methods or set()) - {"OPTIONS"}:
            yield rule, method, adapter.build(rule.endpoint, values, method=method)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("service", SERVICES)
def test_every_route_answers_no_store(service: str, kind: str) -> None:
    app = answering(service, KINDS[kind])
    client, walked = app.test_client(), 0
    for rule, method, address in addresses(app):
        if not rule.endpoint.endswith(".static"):
            with client.open(address, method=method) as answer:
                assert answer.headers.get_all("Cache-Control") == ["no-store"], (method, address)
            walked += 1
    assert walked > 15
    assert client.get("/no/such/address").headers.get_all("Cache-Control") == ["no-store"]


@pytest.mark.parametrize("service", SERVICES)
def test_the_files_of_the_pages_may_be_kept(service: str) -> None:
    with answering(service, file).test_client().get("/static/shell/act.css") as answer:
        assert answer.status_code == HTTPStatus.OK and "no-store" not in answer.headers.get("Cache-Control", "")

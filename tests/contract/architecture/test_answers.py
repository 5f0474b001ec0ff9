"""What a GET answers is declared beside the SQL that reads it; `api` lists it, or says as of when it is right, and adds no field."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel, create_model

from deploy.declaration import SERVICES
from services.registry.queries.acts import ActState
from services.reporting.api.live import LiveProject
from shared.service import openapi
from tests.support import described

_STREAMED = {
    "reporting": [LiveProject]
}  # no route answers it: it is what an event of the live stream says of a project


def answers(service: str) -> list[Any]:
    read = [
        route.declared.answers for route in openapi.routes(described.app(service)) if route.declared.method == "GET"
    ]
    return [*filter(None, read), *_STREAMED.get(service, ())]


def fields_of_api(service: str, answered: Any) -> Iterator[str]:
    """Fields that a model of `api` adds and that no query reads: `<model>.<field>`."""
    if not (isinstance(answered, type) and issubclass(answered, BaseModel)):
        return
    ours = answered.__module__.startswith(f"services.{service}.api")
    for name, field in answered.model_fields.items():
        models = list(_models(field.annotation))
        if ours and name in answered.__annotations__ and not models:
            yield f"{answered.__name__}.{name}"
        for part in models:
            yield from fields_of_api(service, part)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


@pytest.mark.parametrize("service", SERVICES)
def test_a_query_returns_what_the_api_answers(service: str) -> None:
    read = answers(service)

    assert len(read) > 4
    assert {found for answered in read for found in fields_of_api(service, answered)} == set()


def test_a_row_that_the_api_writes_down_again_is_found() -> None:
    body = create_model("Body", __module__="services.notify.api.bodies", code=(str, ...), acts=(list[ActState], ...))
    page = create_model("Page", __module__="services.notify.api.bodies", items=(list[body], ...))

    assert list(fields_of_api("notify", page)) == ["Body.code"]
    assert list(fields_of_api("notify", ActState)) == []

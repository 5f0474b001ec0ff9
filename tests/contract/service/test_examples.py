"""Has every route an example and a place in the story? Whether it runs: tests/integration/<service>/test_examples.py."""

import pytest

from deploy.declaration import SERVICES
from shared.service import openapi
from tests.support import described


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_has_an_example_and_its_place_in_the_story(service: str) -> None:
    app = described.app(service)
    with app.app_context():
        description = openapi.Description(app)
        document = description.document()

    operations = {method["operationId"] for methods in document["paths"].values() for method in methods.values()}
    where = f"services/{service}/examples.toml"
    assert not sorted(description.missing), f"no value for these: name them in {where}"
    assert not sorted(operations - set(document["x-story"])), f"put these into the story of {where}"
    in_story = app.extensions["clearwater"].vocabulary.story
    assert not sorted(set(in_story) - operations), f"{where} tells of operations that are not there"

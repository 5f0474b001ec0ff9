"""People who call the services over HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest

from deploy.demo.people import Person
from tests.support.platform import Platform


@pytest.fixture
def person(system: Platform) -> Iterator[Any]:
    """person("desk", "440303") sends requests with a token of that role and district."""
    made: list[Person] = []

    def make(role: str, district: str) -> Person:
        made.append(Person(system.place, role, district))
        return made[-1]

    yield make
    for item in made:
        item.__exit__()

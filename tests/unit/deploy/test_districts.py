"""Does `make district` tell an open district from any other refusal of the registry?"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from flask import Flask, Response

from deploy.declaration import PORTS
from deploy.local import districts, issuer
from deploy.local.place import CannotStart, Place
from tests.support.serving import served

Registry = Callable[[int, str], AbstractContextManager[Place]]


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """A registry that gives the same answer to every request, and the place of its installation."""
    issuer.prepare(tmp_path, issuer="http://127.0.0.1:1")

    @contextmanager
    def answering(status: int, code: str) -> Iterator[Place]:
        app = Flask("registry")
        app.post("/api/v1/districts", endpoint="x")(lambda: Response(f'{{"code": "{code}"}}', status))
        with served(app) as url:
            yield Place(tmp_path, int(url.rpartition(":")[2]) - PORTS["registry-api"])

    return answering


def test_an_open_district_is_reported_as_registered_before(registry: Registry):
    with registry(409, "district-open") as place:
        assert districts.register(place, "440306") == "district 440306 was registered before"
    with registry(201, "") as place:
        assert districts.register(place, "440306") == "district 440306 registered"


@pytest.mark.parametrize(("status", "code"), [(409, "version-superseded"), (422, "district-code-invalid")])
def test_any_other_refusal_is_printed(registry: Registry, status: int, code: str):
    with registry(status, code) as place, pytest.raises(CannotStart, match=f"440306: {status} .*{code}"):
        districts.register(place, "440306")


def test_an_unreachable_registry_is_reported(registry: Registry):
    with registry(201, "") as place:
        nowhere = Place(place.local_dir, place.port_base)

    with pytest.raises(CannotStart, match="make up"):
        districts.register(nowhere, "440306")

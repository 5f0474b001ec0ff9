"""The issuer of tokens, for tests that call an application in their own process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.serving import issuing


@pytest.fixture(scope="session")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of the issuer, and the directory with its keys."""
    local_dir = tmp_path_factory.mktemp("issuer")
    with issuing(local_dir) as url:
        yield url, local_dir

"""Who issues the tokens of the tests that ask an application in their own process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.serving import issuing


@pytest.fixture(scope="session")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Its address, and the directory that its tokens are minted from."""
    local_dir = tmp_path_factory.mktemp("issuer")
    with issuing(local_dir) as url:
        yield url, local_dir

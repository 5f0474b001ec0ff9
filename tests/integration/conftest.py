"""The issuer of tokens, for tests that call an application in their own process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import platform as platforms
from tests.support.serving import issuing


@pytest.fixture(scope="session", autouse=True)
def _only_what_a_test_starts() -> None:
    """In a parallel run a worker may come here from the tests of the whole system, whose processes would read our topics too."""
    platforms.stop_services()


@pytest.fixture(scope="session")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of the issuer, and the directory with its keys."""
    local_dir = tmp_path_factory.mktemp("issuer")
    with issuing(local_dir) as url:
        yield url, local_dir

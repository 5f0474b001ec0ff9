"""What several tests of pages share."""

from collections.abc import Iterator

import pytest

from tests.support import pages
from tests.support.desks import Desks
from tests.support.platform import Platform


@pytest.fixture(scope="module")
def desks(system: Platform) -> Iterator[Desks]:
    with pages.chromium() as browser:
        desks = Desks(system, browser)
        yield desks
        desks.close()

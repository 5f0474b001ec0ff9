"""What several tests of pages share."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support import pages
from tests.support.desks import Desks
from tests.support.platform import Platform


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with pages.chromium() as running:
        yield running


@pytest.fixture(scope="module")
def desks(system: Platform, browser: Browser) -> Iterator[Desks]:
    desks = Desks(system, browser)
    yield desks
    desks.close()

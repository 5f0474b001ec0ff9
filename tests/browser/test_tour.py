"""Can each role walk the tour of docs/tour.md, step by step as it is written there, in both languages?"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from shared.service.identity import ROLES
from tests.support import pages, tour
from tests.support.platform import Platform

pytestmark = pytest.mark.timeout(600)  # the first test starts the whole system
EVERYWHERE = ("city",)
SLOW_MILLISECONDS = 30_000


@pytest.fixture(scope="module")
def chromium(system: Platform) -> Iterator[Browser]:
    expect.set_options(timeout=SLOW_MILLISECONDS)
    with pages.chromium() as browser:
        yield browser


@pytest.mark.parametrize("language", ["zh-Hans", "en"])
@pytest.mark.parametrize("role", ROLES)
def test_a_role_walks_its_tour(chromium: Browser, system: Platform, samples: list, role: str, language) -> None:
    page = pages.signed_in(
        chromium,
        system.place,
        f"/?language={language}",
        role=role,
        district="*" if role in EVERYWHERE else samples[0].code,
        size="phone" if role == "officer" else "wall",
        staff_number="G01-1" if role == "officer" else "",
    )

    for step in tour.read()[role]:
        tour.walk(page, step, front_url=system.place.front_url, language=language)
    page.context.close()

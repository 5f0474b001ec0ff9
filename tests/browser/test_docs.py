"""Can a person read each API description on a desk's screen and on a phone, with every section open?"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from deploy.declaration import SERVICES
from tests.support import described, pages, serving


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with pages.chromium() as running:
        yield running


@pytest.mark.parametrize("service", SERVICES)
def test_the_description_can_be_read(chromium: Browser, service: str) -> None:
    with serving.served(described.app(service)) as url:
        context = chromium.new_context(locale="zh-CN", bypass_csp=True)
        page = context.new_page()
        page.goto(f"{url}/api/v1/docs")
        page.locator("details").evaluate_all("all => all.forEach(each => { each.open = true })")

        for width, height in pages.SIZES.values():
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert pages.small_targets(page) == []
        assert pages.violations(page) == ""
        context.close()

"""Does every link that a page offers to a role lead somewhere that the role may open, and does every page fit the screen?"""

import re
from collections.abc import Iterator
from urllib.parse import urldefrag, urljoin

import pytest
from playwright.sync_api import Browser, Page, expect

from shared.service.identity import ROLES
from shared.web.sections import open_to
from tests.support import pages
from tests.support.platform import Platform

pytestmark = pytest.mark.timeout(600)  # the first test starts the whole system

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MOST_PAGES = 80
_EMPTY_DISTRICT = "440651"
_SLOW_MILLISECONDS = 30_000
# What is no page: files, the API, the end of the session, and this page in another dress.
_NO_PAGE = re.compile(r"\.(xlsx|csv|json|md|svg|jws)$|^/api/|^/login|^/logout|[?&](language|theme)=")


@pytest.fixture(scope="module")
def chromium(system: Platform) -> Iterator[Browser]:
    expect.set_options(timeout=_SLOW_MILLISECONDS)
    with pages.chromium() as browser:
        yield browser


def kind(path: str) -> str:
    """Pages of one template are one kind: ids and the values of a query make no other."""
    place, _, query = path.partition("?")
    return _ID.sub("*", place) + "?" + "&".join(sorted(part.partition("=")[0] for part in query.split("&")))


def links(page: Page, front: str) -> list[str]:
    found = page.locator("a[href]").evaluate_all("all => all.map((each) => each.getAttribute('href'))")
    addresses = [urldefrag(urljoin(page.url, href)).url for href in found]
    return [item.removeprefix(front) for item in addresses if item.startswith(f"{front}/")]


@pytest.mark.parametrize("language", ["zh-Hans", "en"])
@pytest.mark.parametrize("role", ROLES)
def test_no_link_of_a_page_leads_to_a_refusal_and_every_page_fits_the_screens(
    chromium: Browser, system: Platform, samples: list, role: str, language: str
) -> None:
    front = system.place.front_url
    district = "*" if role == "city" else samples[0].code
    page = pages.signed_in(chromium, system.place, f"/help?language={language}", role=role, district=district)
    waiting, known, refused, unfit = ["/"], {"/?"}, [], {}
    while waiting and len(known) < _MOST_PAGES:
        path = waiting.pop(0)
        answer = page.goto(front + path)
        assert answer is not None
        if answer.status >= 400:
            refused.append(f"{answer.status} {path}")
            continue
        if path == "/":
            expect(page.locator("#rows")).to_have_attribute("aria-busy", "false")
        for width, height in pages.SIZES.values():
            page.set_viewport_size({"width": width, "height": height})
            wide = ["wide"] if page.evaluate("document.documentElement.scrollWidth") > width else []
            if faults := [*wide, *pages.torn(page)]:
                unfit[f"{path} {width}"] = faults
        for link in links(page, front):
            if not _NO_PAGE.search(link) and kind(link) not in known:
                known.add(kind(link))
                waiting.append(link)
    assert (refused, unfit) == ([], {})
    assert len(known) > 8  # it has really walked
    page.context.close()


@pytest.mark.parametrize("role", ROLES)
def test_a_page_that_has_nothing_to_show_leads_on(chromium: Browser, system: Platform, role: str) -> None:
    """In a district of which nothing is known yet, each section has something to press, and so has each notice."""
    front = system.place.front_url
    page = pages.signed_in(chromium, system.place, "/help", role=role, district=_EMPTY_DISTRICT)
    for path in ("/", *(section.path for section in open_to((role,)))):
        page.goto(front + path)
        expect(page.locator("main :is(a[href], button)").first, path).to_be_attached()
        for notice in page.locator("main .callout.wait").all():
            expect(notice.locator("a[href], button").first, path).to_be_attached()
    page.context.close()

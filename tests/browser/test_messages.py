"""Does the command post see of each message why it exists, what it says and what became of it?"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from deploy.demo.desk import Signed
from deploy.demo.people import Person
from deploy.demo.watching import mail_arrivals
from tests.support import pages
from tests.support.platform import Platform
from tests.support.sides import Side

pytestmark = pytest.mark.timeout(400)  # the first test starts the whole system


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with pages.chromium() as running:
        yield running


@pytest.fixture(scope="module")
def signed(system: Platform, sides: list[Side]) -> Signed:
    """An agreement whose owner's mail has arrived."""
    side = sides[0]
    done = side.desk.sign(side.next_ready())
    with Person(system.place, "city", "*") as city:
        assert mail_arrivals(system.place, [done], city)
    return done


@pytest.fixture
def opened(system: Platform, chromium: Browser, sides: list[Side], signed: Signed) -> Iterator:
    """opened("phone") is the messages page of the unit that has just been signed for."""
    made: list[Page] = []

    def make(size: str = "wall", *, query: str = "", **options) -> Page:
        path = f"/messages?unit_id={signed.unit_id}{query}"
        made.append(
            pages.signed_in(
                chromium, system.place, path,
                role="command", district=sides[0].code, size=size, **options,
            )
        )  # fmt: skip
        return made[-1]

    yield make
    for page in made:
        page.context.close()


@pytest.mark.parametrize("size", pages.SIZES)
def test_the_page_fits_and_its_targets_can_be_hit(opened, size):
    page = opened(size)

    assert page.evaluate("document.documentElement.scrollWidth") <= pages.SIZES[size][0]
    assert pages.small_targets(page) == []


def test_the_chain_from_the_fact_to_the_phone_is_told(opened, signed):
    page = opened()

    sent = page.locator("ol.list-of li", has=page.locator('[data-receipt="sent"]')).first
    sent.locator("a").click()
    expect(page.locator(".why .lead [data-receipt]")).to_have_attribute("data-receipt", "sent")
    expect(page.locator(".chain li")).to_have_count(7)
    expect(page.locator(".letter")).to_contain_text(str(signed.number))
    assert "@" not in page.locator("main").inner_text()


def test_the_list_is_walked_by_keyboard(opened):
    page = opened()
    links = page.locator("ol.list-of a")
    last = links.count() - 1
    links.nth(last).focus()
    page.keyboard.press("Enter")

    expect(page.locator("ol.list-of a").nth(last)).to_have_attribute("aria-current", "true")


def test_a_state_without_messages_says_so(opened):
    page = opened(query="&state=failed")

    expect(page.locator("p.none")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_reports_nothing(opened, theme):
    assert pages.violations(opened(query=f"&theme={theme}", bypass_csp=True)) == ""

"""Does a person look back at a closed day on the map: by keyboard, on a phone, without taking it for now?"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from shared.events.day import business_day
from tests.support import pages
from tests.support.desks import tab_to
from tests.support.platform import Platform
from tests.support.stage import Stage

pytestmark = pytest.mark.timeout(400)  # the first test starts the whole system
SIGNED = 8


@pytest.fixture(scope="module")
def stage(system: Platform) -> Iterator[Stage]:
    """A launch whose present day is closed, and which goes on after that."""
    with pages.chromium() as running:
        stage = Stage(system, running, signed=SIGNED)
        stage.until_it_shows(SIGNED)
        stage.publish(stage.launch.close(business_day(stage.now()), SIGNED))
        yield stage
        stage.close()


def opened(stage: Stage, size: str, **options) -> Page:
    """The map of now, with the day in its choice."""
    page = stage.page(size, "/map?language=en", **options)
    while page.locator("#look-day option:not([disabled])").count() < 2:
        page.wait_for_timeout(500)
        page.reload()
    return page


@pytest.mark.parametrize("size", pages.SIZES)
def test_a_day_is_chosen_and_left_by_keyboard_and_does_not_move(stage, size):
    page = opened(stage, size)
    streams = []
    tab_to(page, "#look-day")
    page.keyboard.press("ArrowDown")
    tab_to(page, "#lookback button")
    page.on("request", lambda request: streams.append(request.url) if "/stream" in request.url else None)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Looking back, not now")).to_be_visible()
    expect(page.locator("#status-word")).to_have_text("Looking back, not now")
    before = page.locator("#signed").inner_text()
    number = page.locator("#status-number").inner_text()

    stage.publish(stage.launch.sign(SIGNED + list(pages.SIZES).index(size), at=stage.now()))
    now = stage.page("wall", "/map?language=en")
    expect(now.locator("#signed")).not_to_have_text(before, timeout=10_000)

    assert (page.locator("#signed").inner_text(), page.locator("#status-number").inner_text()) == (before, number)
    assert page.locator('.cell[data-stage="signed"]').count() == int(before) == SIGNED
    assert streams == []
    assert page.evaluate("document.documentElement.scrollWidth") <= pages.SIZES[size][0]
    assert pages.small_targets(page) == []
    page.get_by_role("button", name="Table").click()
    expect(page.locator("[data-row]")).to_have_count(24)
    page.locator("#content").focus()
    tab_to(page, "#back-to-now")
    page.keyboard.press("Enter")
    expect(page.locator("#past")).to_have_count(0)
    expect(page.locator("body")).to_have_attribute("data-state", "live", timeout=10_000)
    now.context.close()
    page.context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_reports_nothing_on_a_closed_day(stage, theme):
    page = opened(stage, "wall", bypass_csp=True)
    day = page.locator("#look-day option:not([disabled])").nth(1).get_attribute("value")
    for address in (f"/map?day={day}&theme={theme}", f"/map?day=2020-01-01&theme={theme}"):
        page.goto(stage.system.place.front_url + address)
        assert pages.violations(page) == ""
    page.context.close()


def test_a_closed_day_is_printed_as_the_past(stage):
    page = opened(stage, "wall")
    day = page.locator("#look-day option:not([disabled])").nth(1).get_attribute("value")
    page.goto(f"{stage.system.place.front_url}/map?day={day}&theme=dark")
    page.emulate_media(media="print")
    paper = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--surface').trim()")

    expect(page.locator("#past-h")).to_be_visible()
    expect(page.locator(".printfoot")).to_contain_text(day)
    expect(page.locator("#lookback")).to_be_hidden()
    assert paper == "#ffffff"
    page.context.close()

"""Does the city have a place for every text: districts side by side, on every screen, at 200 %, in the reader's own colours?"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support import pages
from tests.support.launch import Bus, Launch, Numbering
from tests.support.pages import faults
from tests.support.platform import Platform
from tests.support.screens import Screens, screens_on

pytestmark = pytest.mark.timeout(400)  # the first test starts the database
SCREENS = {"1920x1080": (1920, 1080), "3840x2160": (3840, 2160), "200 %": (960, 540), "phone": (390, 844)}
LANGUAGES = ("zh-Hans", "zh-Hant", "en")
DISTRICTS = ("440502", "440503", "440504")


@pytest.fixture(scope="module")
def city(platform: Platform) -> Iterator[Screens]:
    """One district has reached its threshold, one is short of it, and of one the roll is not frozen."""
    reached, short, waiting = (Launch(district, units=40) for district in DISTRICTS)
    with screens_on(platform, reached) as shown:
        shown.open(prepared=range(40), signed=range(40))
        shown.publish(reached.reach(reached.opened_at))
        events = [*short.opening(), *short.register(), short.freeze(), *(short.sign(number) for number in range(30))]
        Bus(shown.engine, [short.district]).deliver(Numbering().messages(short.district, events))
        opening = [*waiting.opening(), *waiting.register()]
        Bus(shown.engine, [waiting.district]).deliver(Numbering().messages(waiting.district, opening))
        yield shown


def opened(city: Screens, browser: Browser, screen: str, language: str = "zh-Hans", **options) -> Page:
    city.pulse()
    page = city.browse(browser, "/help", size=SCREENS[screen], role="", bypass_csp=True, **options)
    page.context.add_cookies([city.cookie("city", district="*")])
    page.goto(f"{city.url}/city?language={language}")
    expect(page.locator("[data-strip] [data-is=unknown]")).to_have_count(0, timeout=30_000)
    return page


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_of_the_city_covers_another_and_none_is_cut(city, browser, screen, language):
    page = opened(city, browser, screen, language)

    expect(page.locator(".district")).to_have_count(len(DISTRICTS))
    assert faults(page) == []
    assert pages.torn(page) == []
    assert pages.small_targets(page) == []
    page.context.close()


def test_the_city_is_whole_and_its_states_differ_in_the_readers_own_colours(city, browser):
    page = opened(city, browser, "1920x1080", forced_colors="active")

    assert faults(page) == []
    assert pages.unseen_shapes(page) == []
    steps = page.locator("[data-strip] [data-step]")
    masks = {step.get_attribute("data-is"): step.locator(".g").evaluate(_MASK) for step in steps.all()}
    assert len(masks) == len(set(masks.values())) > 1, masks
    page.context.close()


_MASK = "glyph => getComputedStyle(glyph).maskImage || getComputedStyle(glyph).webkitMaskImage"

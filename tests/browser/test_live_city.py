"""Does the city, which shows several districts, say how old the oldest of its figures is, and follow a district that appears later?"""

from collections.abc import Iterator
from itertools import groupby

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.launch import Bus, Launch, Numbering
from tests.support.platform import Platform
from tests.support.screens import Screens, screens_on

pytestmark = pytest.mark.timeout(300)  # the first test starts a database
FIRST, SECOND, LATER = "440506", "440507", "440508"
# Every message of the streams of this district is lost; the connection stays.
_SILENCES = """
  const listen = EventSource.prototype.addEventListener;
  EventSource.prototype.addEventListener = function (name, callback) {
    return listen.call(this, name, (event) => { if (!this.url.includes("district=%s")) callback(event); });
  };
"""


class City:
    """Districts, each with a launch of its own. `sign` signs the next unit of one."""

    def __init__(self, shown: Screens) -> None:
        self.shown = shown
        self._launches: dict[str, tuple[Launch, Numbering, Bus]] = {}
        self._signed = dict.fromkeys((FIRST, SECOND, LATER), 0)

    def open(self, district: str) -> None:
        launch = Launch(district, units=8)
        self._launches[district] = launch, Numbering(), Bus(self.shown.engine, [district])
        self.deliver(district, *launch.opening(), *launch.register(), *launch.groups(), launch.freeze())
        self.deliver(district, *(event for number in range(8) for event in launch.prepare(number)))

    def deliver(self, district: str, *events) -> None:
        _, numbering, bus = self._launches[district]
        bus.deliver(numbering.messages(district, events))
        self.shown.pulse()

    def sign(self, district: str) -> str:
        self.deliver(district, self._launches[district][0].sign(self._signed[district]))
        self._signed[district] += 1
        return str(self._signed[district])

    def page(self, browser: Browser, *, script: str = "") -> Page:
        page = self.shown.browse(browser, "/help", size=(1920, 1080), role="", script=script)
        page.context.add_cookies([self.shown.cookie("city", district="*")])
        page.clock.install()
        page.goto(f"{self.shown.url}/city")
        return page


@pytest.fixture
def city(platform: Platform) -> Iterator[City]:
    with screens_on(platform, Launch(FIRST)) as shown:
        city = City(shown)
        city.open(FIRST)
        city.open(SECOND)
        yield city


def signed(page: Page, district: str):
    return page.locator(f'[data-district="{district}"] .signed .n')


def states_during(page: Page, city: City, seconds: int, *, pause_milliseconds: int = 20) -> list[str]:
    """The states that the page shows one after the other, up to the first stale one."""
    seen = []
    for _ in range(seconds):
        city.shown.pulse()
        page.clock.run_for(1000)
        page.wait_for_timeout(pause_milliseconds)
        seen.append(page.evaluate("document.body.dataset.state"))
        if seen[-1] == "stale":
            break
    return [state for state, _ in groupby(seen)]


def test_a_district_that_falls_silent_makes_the_city_late_and_stale_although_another_goes_on(city, browser):
    page = city.page(browser, script=_SILENCES % SECOND)
    expect(signed(page, FIRST)).to_have_text("0")
    number = city.sign(FIRST)
    expect(signed(page, FIRST)).to_have_text(number)

    assert states_during(page, city, 80)[-2:] == ["late", "stale"]
    page.context.close()


def test_a_city_whose_districts_all_speak_stays_live(city, browser):
    page = city.page(browser)
    expect(signed(page, SECOND)).to_have_text("0")
    for district in (FIRST, SECOND):
        number = city.sign(district)
        expect(signed(page, district)).to_have_text(number)

    # The hub's signs of life come every two seconds of real time.
    assert states_during(page, city, 20, pause_milliseconds=1000) == ["live"]
    page.context.close()


def test_a_district_that_opens_later_is_followed_from_the_next_drawing_on(city, browser):
    page = city.page(browser)
    expect(signed(page, FIRST)).to_have_text("0")
    city.open(LATER)
    page.clock.run_for(121_000)
    expect(signed(page, LATER)).to_have_text("0", timeout=20_000)

    number = city.sign(LATER)

    expect(signed(page, LATER)).to_have_text(number, timeout=20_000)
    page.context.close()

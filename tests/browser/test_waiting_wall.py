"""Does a wall that cannot draw a change say how old its figures are, does it ask a busy service less and less often, and does it notice a
change that it lost?"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.support.launch import Launch
from tests.support.platform import Platform
from tests.support.screens import Screens, screens_on

pytestmark = pytest.mark.timeout(300)  # the first test starts a database
UNITS = 40
_LOSES_CHANGES = """
  const listen = EventSource.prototype.addEventListener;
  globalThis.lost = 0;
  EventSource.prototype.addEventListener = function (name, callback) {
    return listen.call(this, name, name === "change" ? () => { globalThis.lost += 1; } : callback);
  };
"""


@pytest.fixture
def wall(platform: Platform) -> Iterator[Screens]:
    with screens_on(platform, Launch(units=UNITS)) as shown:
        shown.open(prepared=range(8), signed=range(4))
        yield shown


def refused(page: Page, requests: list[str]) -> None:
    """The page's own address answers that the service is busy; the stream goes on."""

    def busy(route: Route) -> None:
        requests.append(route.request.url)
        route.fulfill(status=503, body="busy")

    page.route("**/wall*", busy)


def test_a_wall_that_waits_for_its_drawing_grows_late_and_stale_and_its_clock_runs(
    wall: Screens, browser: Browser
) -> None:
    page = wall.browse(browser, "/wall", size=(1920, 1080))
    expect(page.locator("#n")).to_have_text("4")
    number = page.locator("#status-number").inner_text()
    requests: list[str] = []
    refused(page, requests)
    page.clock.install()

    more = [
        wall.launch.unit(place).model_copy(update={"unit_id": wall.launch.named(f"new {place}")}) for place in (1, 2)
    ]
    wall.publish(*more)  # no cell of the wall is theirs, so the page must be drawn anew
    expect.set_options(timeout=20_000)
    while not requests:
        page.clock.run_for(1000)
        page.wait_for_timeout(200)
    began = page.locator("#clock").inner_text()
    for _ in range(90):
        wall.pulse()
        page.clock.run_for(1000)
        page.wait_for_timeout(20)

    assert page.evaluate("document.body.dataset.state") == "stale"
    assert page.locator("#status-number").inner_text() == number
    assert page.locator("#clock").inner_text() != began
    assert len(requests) <= 9  # after 3, 9, 21, 45, 75 s, each a quarter sooner or later; every 3 s it would be 30

    page.unroute("**/wall*")
    page.clock.run_for(40_000)
    expect(page.locator("#status-number")).not_to_have_text(number)
    assert page.evaluate("document.body.dataset.state") in ("live", "late")
    page.context.close()


def test_a_wall_that_lost_a_change_draws_itself_anew(wall: Screens, browser: Browser) -> None:
    """The signs of life after the change say a number that the wall does not show."""
    page = wall.browse(browser, "/wall", size=(1920, 1080), script=_LOSES_CHANGES)
    expect(page.locator("#n")).to_have_text("4")

    wall.publish(wall.launch.sign(4))

    expect(page.locator("#n")).to_have_text("5", timeout=20_000)
    assert page.evaluate("lost") == 1
    assert page.evaluate("document.body.dataset.state") == "live"
    page.context.close()

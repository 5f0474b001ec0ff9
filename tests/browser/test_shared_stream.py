"""Do the tabs of one browser share one live stream, and go on without a lost or doubled event when the tab that reads it goes?

A browser keeps six connections to a host over HTTP/1.1. Eight tabs with a stream each would hang.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from services.reporting.api import live
from tests.support import pages
from tests.support.eventually import eventually
from tests.support.platform import Platform
from tests.support.stage import Stage

pytestmark = pytest.mark.timeout(600)  # the first test starts the whole system
TABS, SIGNED, UNITS = 8, 8, 120
# A reader of its own in each tab, on a line of the test, that notes every event it is handed.
_PROBE = """async () => {
  const { join } = await import("/static/reporting/line.js");
  const { stream: base, district, number } = document.body.dataset;
  window.probe = { numbers: [], units: [], resets: 0, lost: 0 };
  join({ base, district, number: Number(number), audience: "probe", pulse() {},
    take(live) {
      window.probe.numbers.push(live.as_of.number);
      const cells = live.projects.flatMap((project) => project.cells ?? []);
      window.probe.units.push(...cells.filter(({ done }) => done).map(({ unit_id }) => unit_id));
    },
    reset() { window.probe.resets += 1; }, lost() { window.probe.lost += 1; } });
}"""


@pytest.fixture(scope="module")
def stage(system: Platform) -> Iterator[Stage]:
    with pages.chromium() as running:
        stage = Stage(system, running, units=UNITS, signed=SIGNED)
        stage.until_it_shows(SIGNED)
        prepared = (event for number in range(SIGNED, UNITS) for event in stage.launch.prepare(number))
        stage.publish(*prepared)
        yield stage
        stage.close()


class Tabs:
    """Tabs of one browser. `sign` signs the next units of the launch."""

    signed = SIGNED

    def __init__(self, stage: Stage, *, count: int = TABS, path: str = "/wall") -> None:
        self.stage = stage
        first = stage.page("wall", path)
        self.context: BrowserContext = first.context
        self.pages: list[Page] = [first]
        for _ in range(count - 1):
            page = self.context.new_page()
            page.goto(stage.system.place.front_url + path)
            self.pages.append(page)

    def sign(self, count: int = 1) -> list[str]:
        numbers = range(Tabs.signed, Tabs.signed + count)
        Tabs.signed += count
        self.stage.publish(*(self.stage.launch.sign(number, at=self.stage.now()) for number in numbers))
        return [str(self.stage.launch.named(f"unit {number}")) for number in numbers]

    def all_show(self) -> None:
        for page in self.pages:
            expect(page.locator("#n")).to_have_text(str(Tabs.signed), timeout=30_000)
            assert page.locator("#map .u.s").count() == Tabs.signed
            expect(page.locator("body")).to_have_attribute("data-state", "live")

    def readers(self) -> int:
        """How many streams the server sends to the district."""
        text = httpx.get(self.stage.system.place.url("reporting-stream") + "/metrics", timeout=10).text
        found = re.search(rf'clearwater_live_readers{{district="{self.stage.district}"}} (\S+)', text)
        return int(float(found[1])) if found else 0

    def one_reads(self) -> None:
        eventually(lambda: self.readers() == 1, seconds=30)

    def close(self) -> None:
        self.context.close()
        eventually(lambda: self.readers() == 0, seconds=30)


def test_eight_walls_of_one_browser_move_with_one_stream_and_go_on_without_its_reader(stage):
    tabs = Tabs(stage)
    tabs.all_show()
    tabs.one_reads()
    tabs.sign()
    tabs.all_show()
    assert tabs.readers() == 1

    tabs.pages.pop(0).close()
    tabs.sign(2)
    tabs.all_show()
    tabs.one_reads()
    tabs.close()


def test_the_map_and_the_wall_share_their_district_s_stream(stage):
    tabs = Tabs(stage, count=2)
    grid = tabs.context.new_page()
    grid.goto(stage.system.place.front_url + "/map?compound=和丰苑&building=1栋")
    expect(grid.locator("body")).to_have_attribute("data-state", "live", timeout=10_000)
    tabs.one_reads()

    [unit] = tabs.sign()
    tabs.all_show()

    tabs.pages[0].goto(stage.system.place.front_url + "/city")
    tabs.pages[0].go_back()
    tabs.all_show()
    expect(grid.locator(f'.cell[data-unit="{unit}"]')).to_have_attribute("data-stage", "signed", timeout=10_000)
    tabs.close()


def test_no_event_is_lost_or_doubled_while_the_reading_tab_is_closed_again_and_again(stage):
    tabs = Tabs(stage, count=5)
    tabs.all_show()
    for page in tabs.pages:
        page.evaluate(_PROBE)
    units: list[str] = []
    while len(tabs.pages) > 2:
        units += tabs.sign(3)
        tabs.pages.pop(0).close()
        units += tabs.sign(3)
        tabs.all_show()

    for page in tabs.pages:
        page.wait_for_function("(count) => window.probe.units.length >= count", arg=len(units), timeout=30_000)
        seen = page.evaluate("window.probe")
        assert seen["numbers"] == sorted(set(seen["numbers"]))
        assert set(seen["units"]) >= set(units)
        assert (seen["resets"], seen["lost"]) == (0, 0)
    tabs.close()


def test_another_tab_reads_when_the_reader_is_frozen_and_the_thawed_one_catches_up(stage):
    tabs = Tabs(stage, count=3)
    tabs.all_show()
    frozen = tabs.pages.pop(0)
    session = tabs.context.new_cdp_session(frozen)
    session.send("Page.setWebLifecycleState", {"state": "frozen"})

    tabs.sign(2)
    tabs.all_show()

    session.send("Page.setWebLifecycleState", {"state": "active"})
    tabs.pages.append(frozen)
    tabs.sign()
    tabs.all_show()
    tabs.one_reads()
    tabs.close()


def test_a_browser_reads_four_streams_at_most_and_draws_the_pages_of_the_others_anew(stage):
    tabs = Tabs(stage, count=1)
    tabs.all_show()
    tabs.pages[0].evaluate(
        """async () => {
          const { join } = await import("/static/reporting/line.js");
          const { stream: base, district, number } = document.body.dataset;
          window.drawn = new Set();
          const line = { base, district, number: Number(number), take() {}, pulse() {}, reset() {} };
          for (const audience of ["a", "b", "c", "d", "e"])
            join({ ...line, audience, lost: () => window.drawn.add(audience) });
        }"""
    )

    # Not wait_for_function: it evaluates a string in the page, which the page's policy forbids.
    assert eventually(lambda: tabs.pages[0].evaluate("window.drawn.size") == 2)

    eventually(lambda: tabs.readers() == 4, seconds=30)
    tabs.sign()
    tabs.all_show()
    assert tabs.pages[0].evaluate("window.drawn.size") == 2
    tabs.close()


def test_a_page_that_is_refused_a_stream_is_drawn_anew_until_one_of_its_subject_ends(stage):
    tabs = Tabs(stage, count=1)
    tabs.all_show()
    front = stage.system.place.front_url
    cookies = {cookie["name"]: cookie["value"] for cookie in tabs.context.cookies()}
    tabs.pages.pop(0).close()
    eventually(lambda: tabs.readers() == 0, seconds=30)
    with ExitStack() as others, httpx.Client(cookies=cookies, timeout=60) as client:
        address = f"{front}/api/reporting/v1/stream?district={stage.district}"
        streams = [others.enter_context(client.stream("GET", address)) for _ in range(live.MOST_STREAMS)]
        assert {answer.status_code for answer in streams} == {200}
        tabs.pages.append(tabs.context.new_page())
        tabs.pages[0].goto(front + "/wall")

        tabs.sign()

        tabs.all_show()
        assert tabs.readers() == live.MOST_STREAMS
    tabs.one_reads()
    tabs.sign()
    tabs.all_show()
    tabs.close()


def test_a_browser_without_locks_reads_a_stream_in_every_tab(stage):
    tabs = Tabs(stage, count=1)
    tabs.context.add_init_script("Object.defineProperty(Navigator.prototype, 'locks', { value: undefined })")
    for _ in range(2):
        tabs.pages.append(tabs.context.new_page())
        tabs.pages[-1].goto(stage.system.place.front_url + "/wall")
    tabs.pages.pop(0).close()
    tabs.sign()

    tabs.all_show()

    assert eventually(lambda: tabs.readers() == 2)
    tabs.close()

"""Do all figures on a page have one feed number in every frame, while a launch runs and the page is redrawn all the time?

A sampler in the page reads its figures in every animation frame. What it reads is compared afterwards.
"""

import pytest
from playwright.sync_api import Page, expect

from tests.support import pages
from tests.support.stage import Stage

pytestmark = pytest.mark.timeout(600)  # the first test starts the whole system
UNITS, BEFORE, LAUNCHED, BURST = 220, 8, 90, 15
IN_THE_CITY = range(120, 180)  # after the building of the map

_WALL = """() => {
  const number = (text) => Number(text.replaceAll(/[^0-9]/g, ""));
  const first = (text) => number(text.split("/")[0]);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const units = () => document.querySelector('[data-basis="units"][data-required]');
  return {
    feed: number(document.getElementById("status-number").textContent),
    count: number(document.getElementById("n").textContent),
    to_go: number(document.getElementById("togo").textContent),
    squares: all("#map .u.s").length,
    left_by_building: all("#map .left").reduce((sum, node) => sum + number(node.textContent || "0"), 0),
    left_in_title: [...document.getElementById("map-t").textContent.matchAll(/ (\\d+)(?=、|$)/g)]
      .reduce((sum, found) => sum + Number(found[1]), 0),
    basis: first(units().querySelector(".n").textContent),
    scores: all(".groups td.n").reduce((sum, node) => sum + first(node.textContent), 0),
    unsigned: all(".groups td.go b").reduce((sum, node) => sum + number(node.textContent), 0),
    today: number(document.getElementById("pace-h").textContent),
  };
}"""
_GRID = """() => {
  const number = (text) => Number(text.replaceAll(/[^0-9]/g, ""));
  const all = (selector) => [...document.querySelectorAll(selector)];
  return {
    feed: number(document.getElementById("status-number").textContent),
    count: number(document.getElementById("signed").textContent),
    to_go: number(document.getElementById("unsigned").textContent),
    cells: all('.cell[data-stage="signed"]').length,
    legend: number(document.querySelector('.key[data-stage="signed"] b').textContent),
    panels: all('section.unit .stage-chip[data-stage="signed"]').length,
    listed: all(".todo li").length,
  };
}"""

_CITY = """() => {
  const number = (text) => Number(text.replaceAll(/[^0-9]/g, ""));
  const of = (selector) => number(document.querySelector(selector).textContent.split("/")[0]);
  return {
    feed: of(".district .seq"),
    status: of("#status-number"),
    count: of("article .signed .n"),
    to_go: of("article .togo-n"),
    basis: of('article [data-basis="units"] .n'),
    all_signed: of("#all-signed"),
    all_to_go: of("#all-to-go"),
  };
}"""


@pytest.fixture(scope="module")
def stage(system):
    with pages.chromium() as running:
        stage = Stage(system, running, units=UNITS, signed=BEFORE)
        stage.until_it_shows(BEFORE)
        yield stage
        stage.close()


def test_every_figure_of_the_wall_is_of_one_feed_number_in_every_frame(stage):
    page = stage.page("wall")
    _sample(page, _WALL)

    for first in range(BEFORE, BEFORE + LAUNCHED, BURST):
        if first == BEFORE + BURST:
            stage.register_again()
        launch(stage, page, range(first, first + BURST))
        _passes(page, first)

    samples = _samples(page, count=BEFORE + LAUNCHED, least=6)
    midnight = samples[0]["count"] - samples[0]["today"]
    for seen in samples:
        figures = {seen[name] for name in ("squares", "basis", "scores")} | {seen["today"] + midnight}
        assert figures == {seen["count"]}, seen
        assert {seen[name] for name in ("left_by_building", "left_in_title", "unsigned", "to_go")} == {
            UNITS - seen["count"]
        }
    _never_goes_back(samples)
    page.context.close()


def test_every_figure_of_the_grid_is_of_one_feed_number_in_every_frame(stage):
    first = BEFORE + LAUNCHED
    building = stage.launch.unit(first)
    page = stage.page("wall", f"/map?compound={building.compound}&building={building.building}")
    in_building = [number for number in range(UNITS) if stage.launch.unit(number).building == building.building
            and stage.launch.unit(number).compound == building.compound]  # fmt: skip
    signed = [number for number in in_building if number < first]
    _sample(page, _GRID)

    for last in range(first + 4, in_building[-1] + 4, 4):  # a few at a time, since the grid draws at most once a second
        launch(stage, page, [number for number in in_building if last - 4 <= number < last])
        _reaches(page, min(last, in_building[-1] + 1) - in_building[0])

    samples = _samples(page, count=len(in_building), least=5)
    assert samples[0]["count"] == len(signed)
    for seen in samples:
        assert {seen[name] for name in ("cells", "legend", "panels")} == {seen["count"]}, seen
        assert {seen["listed"], seen["to_go"]} == {len(in_building) - seen["count"]}, seen
    _never_goes_back(samples)
    page.context.close()


def test_every_figure_of_the_city_is_of_one_feed_number_in_every_frame(stage):
    page = stage.page("wall", "/city")
    _sample(page, _CITY)
    before = page.evaluate("JSON.parse(window.samples.at(-1)).count")

    for signed in range(0, len(IN_THE_CITY), BURST):
        launch(stage, page, IN_THE_CITY[signed : signed + BURST])
        _passes(page, before + signed)

    samples = _samples(page, count=before + len(IN_THE_CITY), least=5)
    for seen in samples:
        assert {seen["basis"], seen["all_signed"]} == {seen["count"]}, seen
        assert {seen["to_go"], seen["all_to_go"]} == {UNITS - seen["count"]}, seen
        assert seen["status"] == seen["feed"], seen
    _never_goes_back(samples)
    page.context.close()


def launch(stage: Stage, page: Page, numbers) -> None:
    """Signs units one by one as fast as the bus accepts them, while the page is redrawn all the time, and once completely."""
    page.evaluate(
        "import('/static/reporting/live.js').then((live) => { window.drawing ??= setInterval(live.redraw, 100) })"
    )
    for number in numbers:
        stage.publish(*stage.launch.prepare(number), stage.launch.sign(number, at=stage.now()))


def _sample(page: Page, figures: str) -> None:
    expect(page.locator("body")).to_have_attribute("data-state", "live", timeout=30_000)
    page.evaluate(
        "(figures) => { window.samples = []; const read = eval(figures);"
        " const frame = () => { const seen = JSON.stringify(read());"
        " if (window.samples.at(-1) !== seen) window.samples.push(seen); requestAnimationFrame(frame); }; frame(); }",
        figures,
    )


def _samples(page: Page, *, count: int, least: int) -> list[dict[str, int]]:
    """`least`: so many different counts must have been seen, or the launch was over before the page moved."""
    _reaches(page, count)
    samples = page.evaluate("window.samples.map((seen) => JSON.parse(seen))")
    assert len({seen["count"] for seen in samples}) >= least, "the launch was not seen while it ran"
    return samples


def _reaches(page: Page, count: int) -> None:
    page.wait_for_function("(count) => JSON.parse(window.samples.at(-1)).count === count", arg=count, timeout=60_000)


def _passes(page: Page, count: int) -> None:
    page.wait_for_function("(count) => JSON.parse(window.samples.at(-1)).count > count", arg=count, timeout=60_000)


def _never_goes_back(samples: list[dict[str, int]]) -> None:
    assert [seen["feed"] for seen in samples] == sorted(seen["feed"] for seen in samples)
    by_number: dict[int, set[int]] = {}
    for seen in samples:
        by_number.setdefault(seen["feed"], set()).add(seen["count"])
    assert {number: counts for number, counts in by_number.items() if len(counts) > 1} == {}

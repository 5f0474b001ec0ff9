"""Does every text on the wall have its own place: no text over another, none cut, no page larger than its screen?

The wall of a whole renewal area, 1,708 units, in three languages, on five screens and in every state. axe sees none of this.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support import great, pages
from tests.support.great import GreatLaunch
from tests.support.pages import faults
from tests.support.platform import Platform
from tests.support.screens import Screens, screens, screens_on

pytestmark = pytest.mark.timeout(400)  # the first test seeds the launch
SCREENS = {
    "1920x1080": (1920, 1080),
    "3840x2160": (3840, 2160),
    "1366x768": (1366, 768),
    "portrait": (1080, 1920),
    "phone": (390, 844),
}
LANGUAGES = ("zh-Hans", "zh-Hant", "en")
SIGNED = 1_600
READ_PX = 16  # the least of a page that a person reads at a desk
_FILL = "shape => getComputedStyle(shape).fill"
SHIFTED = {"before": timedelta(hours=-11), "over": timedelta(days=40)}  # the business clock


@pytest.fixture(scope="module")
def wall(platform: Platform) -> Iterator[Screens]:
    """The launch on its first day, 1,600 of 1,708 signed within the last three hours."""
    launch = GreatLaunch(opened_at=datetime.now(UTC) - timedelta(hours=3))
    with screens_on(platform, launch) as shown:
        shown.open(prepared=range(SIGNED + 40))
        moments = (launch.opened_at + timedelta(seconds=number * 6) for number in range(SIGNED))
        shown.publish(*(launch.sign(number, at=at) for number, at in enumerate(moments)))
        shown.publish(*(launch.dispute(number) for number in range(SIGNED + 60, SIGNED + 75)))
        yield shown


def shown(wall: Screens, browser: Browser, screen: str, path: str = "/wall?", **options) -> Page:
    wall.pulse()
    return wall.browse(browser, path, size=SCREENS[screen], bypass_csp=True, **options)


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_of_the_wall_covers_another_and_none_is_cut(wall, browser, screen, language):
    page = shown(wall, browser, screen, f"/wall?language={language}")

    expect(page.locator("#n")).to_have_text("1,600")
    expect(page.locator("#map .u")).to_have_count(great.UNITS)
    assert faults(page) == []
    page.context.close()


_SHOW = """([state, lag]) => import('/static/shell/status.js').then(({ show }) =>
    show(state, { at: new Date(), number: 48213, lag_seconds: lag }, { silentSeconds: lag }))"""
_CALL = """(name) => import('/static/shell/status.js').then(({ word }) => {
    const facts = { condition: word('live', 'both'), at: '18:31:07', document: '深建规〔2026〕3号' };
    document.getElementById('call').textContent = word('live', name, facts);
})"""
_WIDER_THAN_ITS_PLACE = (
    "all => all.filter((node) => node.scrollWidth > node.clientWidth).map((node) => node.textContent)"
)
_PAPER = """() => {
    document.body.dataset.moment = '1';
    for (const part of document.querySelectorAll('.head, .lead')) part.dataset.theme = 'light';
    document.getElementById('moment-at').textContent = '18:31:07';
}"""


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_moment_is_whole_and_so_is_a_wall_that_is_late_or_stale(wall, browser, screen, language):
    page = shown(wall, browser, screen, f"/wall?language={language}")
    for state, lag_seconds in (("live", 0), ("late", 40), ("stale", 372)):
        page.evaluate(_SHOW, [state, lag_seconds])
        assert faults(page) == [], state

    page.evaluate(_PAPER)

    assert page.locator("#moment").is_visible()
    assert faults(page) == []
    assert page.locator("#moment :is(h2, time)").evaluate_all(_WIDER_THAN_ITS_PLACE) == []
    page.context.close()


_ALL_SIGNED = """() => {
    const put = (node, text) => { (node.querySelector('a') ?? node).textContent = text; };
    for (const rate of document.querySelectorAll('.r, #rate')) put(rate, '100.00%');
    for (const part of document.querySelectorAll('.wall .n.dim')) {
        const all = part.textContent.split('/')[1].trim();
        put(part, `${all} / ${all}`);
    }
    put(document.getElementById('n'), '1,708');
}"""


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_wall_is_whole_when_everybody_has_signed(wall, browser, screen, language):
    page = shown(wall, browser, screen, f"/wall?language={language}")

    page.evaluate(_ALL_SIGNED)

    assert faults(page) == []
    page.context.close()


@dataclass(frozen=True)
class Shifted:
    """A business clock that is so far from the real one."""

    by: timedelta

    def now(self) -> datetime:
        return datetime.now(UTC) + self.by


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("phase", SHIFTED)
def test_the_wall_is_whole_before_the_launch_and_after_the_period(wall, browser, screen, language, phase):
    with screens(wall.engine, wall.launch, clock=Shifted(SHIFTED[phase])) as shifted:
        page = shown(shifted, browser, screen, f"/wall?language={language}")

        assert page.evaluate("document.body.dataset.phase") == phase
        assert faults(page) == []
        for call in ("was_lapsed", "was_effective", "was_reached"):
            page.evaluate(_CALL, call)
            assert faults(page) == [], call
        page.context.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_cell_is_at_least_eight_by_six_and_its_building_leads_to_its_grid(wall, browser, language):
    page = shown(wall, browser, "1920x1080", f"/wall?language={language}")

    sizes = page.locator("#map .u").evaluate_all(
        "cells => cells.map(cell => cell.getBoundingClientRect()).map(({ width, height }) => [width, height])"
    )
    assert len(sizes) == great.UNITS
    assert min(width for width, _ in sizes) >= 8 and min(height for _, height in sizes) >= 6
    links = page.locator("#map a.block").evaluate_all("links => links.map(link => new URL(link.href).pathname)")
    assert links == ["/map"] * 37
    brackets = page.locator("#map [data-compound]").all_inner_texts()
    assert (
        len(brackets) == 4
        and sum(int(bracket.replace(",", " ").split()[1]) for bracket in brackets) == great.UNITS - SIGNED
    )
    page.context.close()


@pytest.mark.parametrize(
    ("harm", "finding"),
    [
        ("document.getElementById('call').style.marginTop = '6rem'", "overlap"),
        (
            "document.querySelector('.where').style.overflow = 'hidden', document.querySelector('.where').style.height = '3rem'",
            "cut",
        ),
        ("document.querySelector('.groups th[scope=row]').textContent = '第一百二十三号签约服务工作组'", "spills"),
        ("document.getElementById('where-h').textContent = 'w'.repeat(400)", "off the page"),
        ("document.querySelector('#feed li span').textContent = '23:59:59 23:59:59'", "overlap"),
    ],
)
def test_the_check_finds_what_is_planted(wall, browser, harm, finding):
    page = shown(wall, browser, "1920x1080")
    assert faults(page) == []

    page.evaluate(harm)

    assert any(found.startswith(finding) for found in faults(page)), faults(page)
    page.context.close()


@pytest.mark.parametrize("screen", ["1920x1080", "1366x768", "phone"])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("view", ["", "&view=table"])
def test_no_text_of_the_map_covers_another_and_none_is_cut(wall, browser, screen, language, view):
    page = shown(wall, browser, screen, f"/map?compound=银泉阁&building=5栋&language={language}{view}")

    expect(page.locator(".cell")).to_have_count(64)
    assert faults(page) == []
    page.context.close()


def test_the_map_is_one_stop_for_the_tabulator_and_walked_by_arrows_home_and_end(wall, browser):
    page = shown(wall, browser, "1920x1080", "/map?compound=银泉阁&building=5栋")
    stops = page.locator(".cell[tabindex='0']")
    expect(stops).to_have_count(1)

    stops.focus()
    for key, door in (
        ("ArrowDown", "901"),
        ("End", "907"),
        ("Home", "901"),
        ("ArrowRight", "902"),
        ("Control+End", "107"),
        ("Control+Home", "1001"),
    ):
        page.keyboard.press(key)
        expect(page.locator(".cell:focus .no")).to_contain_text(door)
        expect(stops).to_have_count(1)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.cell') === null")
    page.context.close()


def test_marks_and_stages_filter_the_map_and_its_table_and_the_buttons_count_what_is_left(wall, browser):
    page = shown(wall, browser, "1920x1080", "/map?compound=银泉阁&building=5栋")
    overseas = int(page.locator(".mark[data-badge='overseas'] b").inner_text())
    assert overseas == page.locator(".cell[data-badges~='overseas']").count() > 0

    page.locator(".mark[data-badge='overseas']").click()
    expect(page.locator(".cell:not(.off)")).to_have_count(overseas)
    page.locator("#as-table").click()
    expect(page.locator("[data-row]:visible")).to_have_count(overseas)
    page.locator("[data-row]:visible button").first.click()
    expect(page.locator("section.unit:not([hidden])")).to_have_count(1)

    left = page.locator(".buildings .open").all_inner_texts()
    assert len(left) == 37
    assert sum(int(found) for item in left if (found := item.split()[-1]) != "✓") == great.UNITS - SIGNED
    page.context.close()


def test_a_print_of_the_map_has_its_foot_and_no_controls(wall, browser):
    page = shown(wall, browser, "1920x1080", "/map?compound=银泉阁&building=5栋")

    page.emulate_media(media="print")

    expect(page.locator(".printfoot")).to_contain_text("银泉阁 5栋")
    expect(page.locator(".printfoot")).to_contain_text("序号")
    for gone in (".buildings", "#side", ".toolbar .row", ".top"):
        expect(page.locator(gone)).to_be_hidden()
    page.context.close()


ZOOMED = (960, 540)  # a screen of 1920 x 1080 at 200 %
PATHS = ("/wall?", "/map?compound=银泉阁&building=5栋&")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", PATHS)
def test_wall_and_map_are_whole_and_larger_at_200_percent(wall, browser, path, language):
    page = wall.browse(browser, f"{path}language={language}", size=ZOOMED, bypass_csp=True)

    assert faults(page) == []
    assert page.locator("main").evaluate("main => Number.parseFloat(getComputedStyle(main).fontSize)") >= READ_PX
    page.context.close()


@pytest.mark.parametrize("path", PATHS)
def test_wall_and_map_are_whole_and_seen_in_the_readers_own_colours(wall, browser, path):
    page = shown(wall, browser, "1920x1080", path, forced_colors="active")

    assert faults(page) == []
    assert pages.unseen_shapes(page) == []
    page.context.close()


def test_states_differ_in_the_readers_own_colours(wall, browser):
    page = shown(wall, browser, "1920x1080", forced_colors="active")
    signed, unsigned = page.locator("#map .u.s").first, page.locator("#map .u:not(.s)").first
    assert signed.evaluate(_FILL) != unsigned.evaluate(_FILL)

    page.goto(f"{wall.url}/map?compound=银泉阁&building=5栋")
    mark, cell = (
        page.locator(".mark[data-badge='overseas']"),
        page.locator(".cell:not([data-badges~='overseas'])").first,
    )
    before = [part.screenshot() for part in (mark, cell)]
    mark.click()
    page.mouse.move(0, 0)
    assert all(part.screenshot() != drawn for part, drawn in zip((mark, cell), before, strict=True))
    page.context.close()


def test_a_screen_shows_its_wall_by_a_code_and_goes_blank_when_it_is_taken_back(wall, browser):
    command = shown(wall, browser, "1366x768", "/wall/displays?")
    command.get_by_label("屏幕名称").fill("指挥部一楼东")
    command.get_by_role("button", name="发代码").click()
    code = command.locator("#code").inner_text()

    screen = wall.browse(browser, "/wall", size=SCREENS["1920x1080"], role="")
    assert screen.locator("#n").count() == 0
    screen.locator("#code").fill(code.lower())
    screen.get_by_role("button", name="显示大屏").click()
    expect(screen.locator("#n")).to_have_text("1,600")
    wall.pulse()
    expect(screen.locator("body")).to_have_attribute("data-state", "live", timeout=20_000)
    assert faults(screen) == []

    expect(command.locator("#displays tr[data-state='on']")).to_have_count(1, timeout=20_000)
    command.get_by_role("button", name="收回“指挥部一楼东”").click()
    expect(screen.locator("#n")).to_have_count(0, timeout=20_000)
    expect(screen.locator("#code")).to_be_visible(timeout=20_000)
    command.context.close()
    screen.context.close()

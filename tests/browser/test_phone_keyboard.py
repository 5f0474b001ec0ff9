"""By keyboard on a small screen: is what has the focus wholly on the screen, wherever the keys lead?"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.support import pages
from tests.support.launch import Launch
from tests.support.platform import Platform
from tests.support.screens import Screens, screens_on

pytestmark = pytest.mark.timeout(300)  # the first test starts a database
_OUT = """() => {
    const focused = document.activeElement, { left, top, right, bottom } = focused.getBoundingClientRect();
    const on = left >= -1 && top >= -1 && right <= innerWidth + 1 && bottom <= innerHeight + 1;
    return on ? null : `${focused.textContent.trim()} ${left} ${top} ${right} ${bottom}`;
}"""


@pytest.fixture(scope="module")
def screens(platform: Platform) -> Iterator[Screens]:
    with screens_on(platform, Launch(units=40)) as shown:
        shown.open(prepared=range(8), signed=range(4))
        yield shown


@pytest.mark.parametrize("size", [(390, 844), (320, 640)])
def test_every_cell_of_the_map_that_the_arrows_reach_is_wholly_on_the_screen(
    screens: Screens, browser: Browser, size: tuple[int, int]
) -> None:
    page = screens.browse(browser, "/map?language=en", size=size)
    page.locator("button.cell[tabindex='0']").focus()
    page.keyboard.press("Control+Home")
    out, seen = [], set()
    for key in ("ArrowDown", "ArrowRight", "ArrowUp", "ArrowRight", "ArrowDown", "ArrowLeft", "ArrowLeft"):
        for _ in range(6):
            page.keyboard.press(key)
            seen.add(page.evaluate("document.activeElement.dataset.unit"))
            out.append(page.evaluate(_OUT))
    assert len(seen) > 10  # it has really moved
    assert [words for words in out if words] == []
    page.context.close()


@pytest.mark.parametrize("path", ["/wall", "/map", "/city", "/report", "/why?figure=signed"])
def test_the_tabulator_loses_no_focus_and_leaves_none_out_of_the_screen(
    screens: Screens, browser: Browser, path: str
) -> None:
    page = screens.browse(browser, f"{path}{'&' if '?' in path else '?'}language=en", size=(390, 844))
    expect(page.locator("main")).to_be_visible()

    assert pages.lost_by_tab(page) == []
    page.context.close()

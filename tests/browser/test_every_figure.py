"""Does every number on wall, map, city and report lead to its definition and its list, or is it named here with the reason?"""

from collections.abc import Iterator
from datetime import date

import pytest
from playwright.sync_api import Browser, Page

from tests.support import pages
from tests.support.launch import Launch
from tests.support.platform import Platform
from tests.support.screens import Screens, screens_on

pytestmark = pytest.mark.timeout(400)  # the first test starts the database
DISTRICT, UNITS, SIGNED = "440502", 60, 30
DAY = date(2026, 11, 24)  # the first of a launch
PAGES = ("/wall", f"/map?day={DAY}", "/map", "/city", "/report")
# What is no link: why.
WITHOUT_LINK = {
    ".wall .where-now": "the day, and how many there are in the period",
    ".countdown, .age": "a span of time",
    ".bases-table svg, .bases-table small, .basis > span small": "a scale and the threshold; the page of the rate has both",
    ".pace svg": "the hours of the day",
    "#call, .call": "a sentence; each distance in it is a link in the table below",
    "#map-t": "for a screen reader; each building is a link below",
    "#map .bracket > span:not([data-figure])": "a name that goes on in the next line",
    "#groups-h": "the groups are the rows below",
    ".worst span[title]": "the name of a building; its figure is a link",
    "#feed li": "a row of the list itself: instant, sequence number, place",
    "#past": "a day, its feed number and the number of the restatement, which is a link",
    ".levels, .stair": "the names of floors and stairwells",
    "#mixed, #alarms b": "a sentence on the age of figures; the link beside it has what to do",
    ".district h2": "the code and the feed number of the district",
    ".sheet header": "the day, and the feed number and instant at which it was frozen",
    ".last": "a sequence number",
}
_PLAIN = """(without) => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
    while (texts.nextNode()) {
        const { data, parentElement } = texts.currentNode;
        if (!/\\d/.test(data) || !parentElement.closest('main, .where-now') || !parentElement.checkVisibility()) continue;
        if (!parentElement.closest(['a[href]', 'button', 'select', ...without].join())) found.push(data.trim());
    }
    return found;
}"""


@pytest.fixture(scope="module")
def shown(platform: Platform) -> Iterator[Screens]:
    """A launch whose first day is closed, and restated after a rescission."""
    with screens_on(platform, Launch(DISTRICT, units=UNITS)) as shown:
        shown.open(prepared=range(SIGNED + 10))
        signed = [shown.launch.sign(number) for number in range(SIGNED)]
        undone = shown.launch.rescind(signed[0])
        shown.publish(*signed, shown.launch.close(DAY, SIGNED))
        shown.publish(undone, shown.launch.close(DAY, SIGNED - 1, restatement=1, undone=1))
        yield shown


def opened(shown: Screens, browser: Browser, path: str) -> Page:
    shown.pulse()
    page = shown.browse(browser, path, size=pages.SIZES["wall"], bypass_csp=True)
    page.locator("a.figure").first.wait_for()
    return page


@pytest.mark.parametrize("path", PAGES)
def test_every_number_is_a_link_or_has_a_reason(shown: Screens, browser: Browser, path: str) -> None:
    page = opened(shown, browser, path)

    assert page.evaluate(_PLAIN, list(WITHOUT_LINK)) == []
    page.context.close()


def test_a_number_without_a_link_is_found(shown: Screens, browser: Browser) -> None:
    page = opened(shown, browser, "/wall")

    page.evaluate("document.getElementById('where-h').append(' 84')")

    assert page.evaluate(_PLAIN, list(WITHOUT_LINK)) == ["84"]
    page.context.close()


@pytest.mark.parametrize("path", PAGES)
def test_every_link_of_a_figure_opens_its_page(shown: Screens, browser: Browser, path: str) -> None:
    page = opened(shown, browser, path)
    links = set(page.locator("a.figure").evaluate_all("links => links.map(link => link.href)"))

    answers = {link: page.request.get(link).status for link in links}

    assert set(answers.values()) == {200}, answers
    page.context.close()

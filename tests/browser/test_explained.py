"""Does a figure lead to its list by keyboard?"""

import re

import pytest
from playwright.sync_api import expect

from tests.support import pages
from tests.support.stage import Stage

pytestmark = pytest.mark.timeout(600)  # the first test starts the whole system
SIGNED = 8


@pytest.fixture(scope="module")
def stage(system):
    with pages.chromium() as running:
        stage = Stage(system, running, units=40, signed=SIGNED)
        stage.until_it_shows(SIGNED)
        yield stage
        stage.close()


@pytest.mark.parametrize("size", pages.SIZES)
def test_a_figure_is_a_link_by_keyboard_and_its_list_is_as_long_as_it(stage, size):
    page = stage.page(size, "/city", bypass_csp=True)
    figure = page.locator("article .signed a.figure").first
    expect(figure).to_have_text(str(SIGNED))

    figure.focus()
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(r"/why\?.*at="))
    expect(page.locator("#value")).to_have_text(str(SIGNED))
    expect(page.locator("[data-line]")).to_have_count(SIGNED)
    assert pages.violations(page) == ""
    page.context.close()


def test_a_figure_stays_a_link_when_a_script_sets_its_text(stage):
    page = stage.page("wall", "/city")
    figure = page.locator("article .signed .n").first
    expect(figure.locator("a.figure")).to_have_count(1)

    figure.evaluate("node => { node.textContent = '9'; }")

    expect(figure.locator("a.figure")).to_have_text("9")
    page.context.close()

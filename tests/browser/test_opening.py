"""Is a project opened by keyboard with few presses, and is its plan drawn from one figure?"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support import pages
from tests.support.platform import Platform

pytestmark = pytest.mark.timeout(600)  # the first test starts the whole system

MOST_PRESSES = 45  # each of the two instants has six stops of the browser's own


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    expect.set_options(timeout=30_000)
    with pages.chromium() as browser:
        yield browser


@pytest.fixture
def form(chromium: Browser, system: Platform, samples: list) -> Iterator[Page]:
    """The form of a clerk, in English."""
    path = "/register/projects/new?language=en"
    page = pages.signed_in(chromium, system.place, path, role="clerk", district=samples[0].code, bypass_csp=True)
    yield page
    page.context.close()


def row(page: Page, number: int) -> tuple[str, str]:
    """When, and how many units by then."""
    return (
        page.get_by_label(f"Plan row {number}: by when").input_value(),
        page.get_by_label(f"Plan row {number}: units").input_value(),
    )


def test_the_plan_is_drawn_from_one_figure_and_what_is_written_by_hand_stays(form: Page) -> None:
    form.get_by_label("Period starts").fill("2026-12-05T09:00")
    form.get_by_label("Period ends").fill("2026-12-13T09:00")
    form.get_by_label("Units planned by the end of the period").focus()
    form.keyboard.type("1708")
    form.keyboard.press("Tab")
    form.keyboard.press("Enter")
    expect(form.get_by_label("Plan row 8: units")).to_have_value("1708")
    assert row(form, 1) == ("2026-12-06 09:00", "214")
    assert row(form, 8) == ("2026-12-13 09:00", "1708")

    form.get_by_label("Plan row 1: units").fill("300")
    form.get_by_label("Units planned by the end of the period").fill("900")
    assert row(form, 1) == ("2026-12-06 09:00", "300")
    assert pages.violations(form) == ""
    assert pages.small_targets(form) == []


def test_the_rows_of_the_plan_are_one_stop_where_arrow_keys_walk(form: Page) -> None:
    form.locator("details.planned summary").focus()
    form.keyboard.press("Enter")
    form.keyboard.press("Tab")
    expect(form.get_by_label("Plan row 1: by when")).to_be_focused()
    form.keyboard.press("ArrowRight")
    expect(form.get_by_label("Plan row 1: units")).to_be_focused()
    form.keyboard.type("300")
    form.keyboard.press("Enter")
    expect(form.get_by_label("Plan row 2: units")).to_be_focused()
    form.keyboard.press("Tab")
    assert form.evaluate("document.activeElement.closest('#planned-rows')") is None


def test_the_ring_about_a_field_lies_on_no_label_and_no_fault(form: Page) -> None:
    form.get_by_label("Units planned by the end of the period").fill("-1")
    form.keyboard.press("Enter")
    crossed = form.evaluate(_CROSSED)
    assert crossed == []


_CROSSED = """() => [...document.querySelectorAll('.form :is(input:not([type=checkbox], [type=radio]), select)')].filter(field => {
    field.focus();
    const { outlineOffset, outlineWidth } = getComputedStyle(field), ring = parseFloat(outlineOffset) + parseFloat(outlineWidth);
    const { left, right, top, bottom } = field.getBoundingClientRect();
    return [...field.closest('.f')?.querySelectorAll('label, small, .fault') ?? []].some(words => {
        const text = document.createRange();
        text.selectNodeContents(words);
        return [...text.getClientRects()].some(box => {
            const letters = box.height * 0.3, middle = (box.top + box.bottom) / 2; // a line is higher than its letters
            return box.width && box.left < right + ring && box.right > left - ring
                && middle - letters < bottom + ring && middle + letters > top - ring && (middle < top || middle > bottom);
        });
    });
}).map(field => field.outerHTML.slice(0, 120))"""


def test_a_project_is_opened_with_few_presses_of_the_tabulator(form: Page) -> None:
    form.locator("#name").focus()
    presses = 0
    while presses < MOST_PRESSES and not form.locator("button.main").evaluate(
        "each => each === document.activeElement"
    ):
        form.keyboard.press("Tab")
        presses += 1

    assert presses < MOST_PRESSES


@pytest.mark.parametrize("size", [(390, 844), (683, 384)])
def test_each_stop_of_the_tabulator_is_on_the_screen_and_is_marked(form: Page, size: tuple[int, int]) -> None:
    """On a phone, and at 200 % on a screen of 1366 × 768."""
    width, height = size
    form.set_viewport_size({"width": width, "height": height})

    assert pages.lost_by_tab(form) == []

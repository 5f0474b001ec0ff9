"""Is the paper of an agreement A4 with a code and a number on every page, and does the list of cases keep itself up to date?"""

import re

import pytest
from playwright.sync_api import expect

from services.signing.commands.settle_rights import ConfirmRights, confirm_rights
from services.signing.domain.terms import TermLine
from tests.support import pages
from tests.support.desks import LOOKS_MILLISECONDS, Desks
from tests.support.eventually import eventually
from tests.support.signing import DESK

pytestmark = pytest.mark.timeout(400)  # the first test starts the whole system
_A4_POINTS = (595, 842)
_MANY = tuple(TermLine(f"{head}_{chr(97 + number)}", "once", 100) for head in ("fee", "sum") for number in range(26))


def test_the_paper_prints_on_a4_with_its_code_on_every_page(desks: Desks) -> None:
    unit = desks.couple()
    with desks.district.transaction() as tx:
        confirm_rights(tx, ConfirmRights(unit, DESK), desks.district.clock)
    agreement_id = desks.district.drafted(unit, lines=_MANY)
    desks.district.review(agreement_id)
    desks.district.lock(agreement_id)
    page = desks.page(f"/{unit}/paper", checked=True)
    expect(page.locator(".sheet svg")).to_be_visible()
    printed = page.pdf(prefer_css_page_size=True)

    sizes = [tuple(map(float, box.split())) for box in re.findall(rb"/MediaBox\s*\[([^\]]+)\]", printed)]
    assert len(sizes) >= 2, "52 lines need a second page"
    for size in sizes:
        assert (round(size[2]), round(size[3])) == _A4_POINTS
    page.emulate_media(media="print")
    assert (
        page.locator("tfoot .code").evaluate("each => getComputedStyle(each.closest('tfoot')).display")
        == "table-footer-group"
    )
    for hidden in (".head", ".tools", "#print"):
        expect(page.locator(hidden)).to_be_hidden()
    page.close()


def test_the_paper_fits_both_screens_and_axe_reports_nothing(desks: Desks) -> None:
    page = desks.page(f"/{desks.ready(desks.couple())}/paper", checked=True)
    assert pages.violations(page) == ""
    for width, height in pages.SIZES.values():
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert pages.small_targets(page) == []
    page.close()


def test_the_step_of_signing_leads_to_the_paper_and_both_have_one_code(desks: Desks) -> None:
    page = desks.case(desks.ready())
    code = page.locator(".checks .code").inner_text()
    page.get_by_role("link", name="打印协议").click()
    expect(page.locator(".sheet .code")).to_contain_text(code)
    page.close()


def test_the_list_shows_what_another_desk_has_done_and_leaves_the_typed_words_alone(desks: Desks) -> None:
    unit = desks.district.register(compound="翠坪里", building="9栋", door="909")
    page = desks.page("?place=9栋909")
    row, ready = page.locator(f"#u-{unit}"), page.locator('[data-count="locked"]')
    expect(row).to_contain_text("等小组起草协议")
    expect(ready).to_have_text("0")
    page.locator("input[name=place]").fill("翠坪里 9栋")
    row.focus()
    desks.ready(unit)
    page.clock.run_for(LOOKS_MILLISECONDS + 100)

    expect(ready).to_have_text("1")
    expect(row).not_to_contain_text("等小组起草协议")
    expect(row).to_be_focused()
    expect(page.locator("input[name=place]")).to_have_value("翠坪里 9栋")
    page.close()


def test_a_list_without_an_answer_says_that_it_is_late(desks: Desks) -> None:
    page = desks.page("?place=9栋909")
    page.route("**/desk?*", lambda route: route.abort())

    def looked() -> str | None:
        page.clock.run_for(LOOKS_MILLISECONDS + 100)
        return page.locator("body").get_attribute("data-state")

    eventually(lambda: looked() == "late")
    page.close()

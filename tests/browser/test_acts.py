"""Does every act beside the signing have its page: by keyboard alone, checked beforehand, with its trace afterwards?"""

from collections.abc import Iterator
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from tests.support import pages
from tests.support.desks import Desks, press, tab_to, write
from tests.support.platform import Platform

pytestmark = pytest.mark.timeout(400)  # the first test starts the whole system

ROW = "#lines tr:nth-child({}) "


@pytest.fixture(scope="module")
def desks(system: Platform) -> Iterator[Desks]:
    with pages.chromium() as browser:
        desks = Desks(system, browser)
        yield desks
        desks.close()


def fits(page: Page) -> None:
    """On both screens and both themes: nothing wider than the screen, nothing too small to hit, nothing that axe reports."""
    for theme in ("light", "dark"):
        page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
        for width, height in pages.SIZES.values():
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert pages.small_targets(page) == []
        assert pages.violations(page) == ""


def choose(page: Page, selector: str, value: str) -> None:
    """Picks an option of a list with the arrow key."""
    if not page.evaluate("selector => document.activeElement.matches(selector)", selector):
        tab_to(page, selector)
    for _ in range(40):
        if page.evaluate("document.activeElement.value") == value:
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"{selector} has no option {value}")


def said(page: Page, words: str) -> None:
    expect(page.locator("#notice")).to_contain_text(words)
    expect(page.locator("#notice")).to_be_focused()


def lines(desks: Desks, unit_id: UUID) -> list[tuple]:
    return [
        tuple(row)
        for row in desks.district.rows(
            """select head, kind, amount_fen, quantity::text, unit_price_fen from term_lines join agreements using (agreement_id)
            where unit_id = :unit_id order by position""",
            unit_id=unit_id,
        )
    ]


def test_an_agreement_is_drafted_line_by_line_with_exact_fen_and_capitals(desks: Desks):
    unit = desks.district.register()
    page = desks.page(f"/{unit}", checked=True)
    press(page, f'.acts a[href="/desk/{unit}/terms"]')
    page.wait_for_url("**/terms")
    press(page, ".acts button[type=submit]")
    expect(page.locator("#notice")).to_contain_text("还没有送出")
    expect(page.locator('[name="form"]').first).to_be_focused()

    page.keyboard.press("Space")
    write(page, "[name=rule_set_version]", "3")
    choose(page, ROW.format(1) + "[name=_head]", "relocation_fee")
    write(page, ROW.format(1) + "[name=_quantity]", "65.18")
    write(page, ROW.format(1) + "[name=_price]", "40.01")
    expect(page.locator(ROW.format(1) + "[name=_amount]")).to_have_value("2,607.85")
    press(page, "#add")
    expect(page.locator(ROW.format(2) + "[name=_head]")).to_be_focused()
    choose(page, ROW.format(2) + "[name=_head]", "resettlement_fee")
    choose(page, ROW.format(2) + "[name=_kind]", "monthly")
    write(page, ROW.format(2) + "[name=_amount]", "3，２５９")  # full width, as an input method may write it
    expect(page.locator("#capitals")).to_have_text("人民币贰仟陆佰零柒元捌角伍分")
    fits(page)
    page.locator("[name=rule_set_version]").focus()
    press(page, ".acts button[type=submit]")

    said(page, "已存入案卷")
    assert lines(desks, unit) == [
        ("relocation_fee", "once", 260_785, "65.18", 4_001),
        ("resettlement_fee", "monthly", 325_900, None, None),
    ]
    expect(page.locator(".trace")).to_contain_text("起草")
    page.close()


def test_terms_that_somebody_saved_first_are_shown_before_they_are_replaced(desks: Desks):
    unit = desks.district.register()
    desks.drafted(unit)
    first, second = desks.page(f"/{unit}/terms"), desks.page(f"/{unit}/terms")
    for page, amount in ((first, "9999"), (second, "1234.56")):
        page.locator(ROW.format(2) + "[name=_amount]").fill(amount)
        page.locator(".acts button[type=submit]").press("Enter")
        if page is first:
            said(page, "条款已保存")

    expect(second.locator("#answer h2")).to_contain_text("别人先存了另一稿")
    expect(second.locator("#answer")).to_contain_text("9,999.00")
    second.get_by_role("button", name="用我写的").press("Enter")
    said(second, "条款已保存")
    assert lines(desks, unit)[1][2] == 123_456
    first.close()
    second.close()


def test_a_line_that_is_wrong_is_named_at_its_field_and_nothing_is_sent(desks: Desks):
    unit = desks.district.register()
    page = desks.page(f"/{unit}/terms", size="phone")
    page.locator('[value="cash"]').check()
    page.locator("[name=rule_set_version]").fill("3")
    page.locator(ROW.format(1) + "[name=_head]").select_option("hardship")
    page.locator("#add").click()
    page.locator(ROW.format(2) + "[name=_head]").select_option("hardship")
    page.locator(ROW.format(1) + "[name=_amount]").fill("12.345")
    page.locator(".acts button[type=submit]").click()

    expect(page.locator(ROW.format(1))).to_contain_text("请写数字，最多两位小数")
    expect(page.locator(ROW.format(2))).to_contain_text("同一项目写了两次")
    expect(page.locator("#once")).to_have_text("—")
    assert lines(desks, unit) == []
    page.close()

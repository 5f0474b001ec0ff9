"""Does every act beside the signing have its page: by keyboard alone, checked beforehand, with its trace afterwards?"""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Page, expect

from shared.events.day import business_day, midnight
from tests.support import pages
from tests.support.desks import Desks, press, step, tab_to, write
from tests.support.platform import Platform
from tests.support.signing import a_holder

pytestmark = pytest.mark.timeout(400)  # the first test starts the whole system

ROW = "#lines tr:nth-child({}) "


def fits(page: Page) -> None:
    """On both screens and both themes: nothing wider than the screen, nothing too small to hit, nothing that axe reports."""
    for theme in ("light", "dark"):
        page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
        for width, height in pages.SIZES.values():
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert pages.small_targets(page) == []
            focused = page.evaluate_handle("document.activeElement")
            assert pages.covered(page) == []
            focused.evaluate("each => each.focus()")
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


def expect_notice(page: Page, words: str) -> None:
    expect(page.locator("#notice")).to_contain_text(words)
    expect(page.locator("#notice")).to_be_focused()
    page.wait_for_load_state()


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

    expect_notice(page, "已存入案卷")
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
            expect_notice(page, "条款已保存")

    expect(second.locator("#answer h2")).to_contain_text("别人先存了另一稿")
    expect(second.locator("#answer")).to_contain_text("9,999.00")
    second.get_by_role("button", name="用我写的").press("Enter")
    expect_notice(second, "条款已保存")
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


def test_rights_are_disputed_confirmed_again_and_a_guardian_is_recorded_and_withdrawn(desks: Desks):
    child = a_holder("1/2", masked_name="范*", capable=False)
    unit = desks.district.register(child, a_holder("1/2", masked_name="李**"))
    page = desks.page(f"/{unit}/rights", checked=True)
    press(page, "details summary")
    choose(page, "details[open] [name=reason]", "inheritance")
    write(page, "details[open] [name=note]", "继承人未到齐")
    fits(page)
    page.locator("details[open] [name=note]").focus()
    press(page, "details[open] button")
    expect_notice(page, "争议已登记")
    press(page, ".act .main")
    expect_notice(page, "权利已确认")
    expect(page.locator(".trace")).to_contain_text("继承人未到齐")

    press(page, f'.ways a[href="/desk/{unit}/mandates"]')
    page.wait_for_url("**/mandates")
    expect(page.locator(".now")).to_contain_text("还没有登记可以代签的人")
    press(page, ".now summary")
    page.locator(".now [name=valid_until]").fill("2036-12-31")  # how a date is typed depends on the browser
    write(page, ".now [name=evidence]", "户口簿")
    fits(page)
    page.locator(".now [name=evidence]").focus()
    press(page, ".now button")
    expect_notice(page, "委托已登记")
    expect(page.locator(".holders")).to_contain_text("监护人")
    hand, right_holder = desks.district.rows("select hand, right_holder from mandates where unit_id = :it", it=unit)[0]
    assert hand != right_holder and right_holder == child.person_id

    press(page, ".paper-of summary")
    choose(page, ".paper-of [name=reason]", "mandate_void")
    write(page, ".paper-of [name=note]", "文书作废")
    press(page, ".paper-of button")
    expect_notice(page, "委托已撤销")
    expect(page.locator(".trace")).to_contain_text("文书作废")
    page.close()


def test_command_declares_effect_with_its_document_and_closes_a_day(system: Platform, desks: Desks):
    own = Desks(system, desks.browser)
    today = business_day(own.district.clock.now())
    own.district.project_id = uuid4()
    project = own.district.open_project(starts_at=midnight(today - timedelta(days=2)))
    unit = own.district.register()
    own.ready(unit)
    own.district.freeze()
    place = f"/projects/{project}"
    page = own.page(f"{place}/effect", role="command", checked=True)
    expect(page.locator("#step-head")).to_contain_text("不能宣布：还差 1 套")
    expect(page.locator('button[form="declare"]')).to_be_disabled()
    fits(page)
    own.district.sign(own.agreement(unit), own.district.owners(unit)[0])

    page.goto(f"{own.url}/desk{place}")
    expect(page.locator("#step-head")).to_contain_text("条件已达到，等宣布生效")
    fits(page)
    press(page, f'.acts a[href="/desk{place}/effect"]')
    page.wait_for_url("**/effect")
    write(page, "[name=document_number]", "示征告〔2026〕31 号")
    write(page, "[name=_again]", "示征告〔2026〕13 号")
    press(page, 'button[form="declare"]')
    expect(page.locator(".err")).to_contain_text("两次写的不一样")
    page.keyboard.press("Control+A")
    page.keyboard.type("示征告〔2026〕31 号")
    press(page, 'button[form="declare"]')
    expect_notice(page, "已宣布生效")
    expect(page.locator(".facts")).to_contain_text("示征告〔2026〕31 号")
    expect(page.locator(".facts")).to_contain_text("command-")

    press(page, f'.ways a[href="/desk{place}/days"]')
    page.wait_for_url("**/days")
    expect(page.locator(".days li")).to_have_count(2)
    fits(page)
    press(page, ".days .main")
    expect_notice(page, "这一天已关")
    expect(page.locator(".bases")).to_contain_text(str(today - timedelta(days=2)))
    expect(page.locator(".days li")).to_have_count(1)
    page.close()
    own.close()


def test_a_period_that_ends_without_the_threshold_is_closed_by_typing_what_becomes_void(system: Platform, desks: Desks):
    own = Desks(system, desks.browser)
    own.district.project_id = uuid4()
    project = own.district.open_project(starts_at=own.district.clock.now() - timedelta(days=9), days=7)
    own.district.register()
    own.district.freeze()
    page = own.page(f"/projects/{project}/period", role="command", checked=True)
    fits(page)
    press(page, 'button[form="close"]')
    expect(page.locator(".err")).to_contain_text("没有填")
    page.keyboard.type("0")
    press(page, 'button[form="close"]')

    expect_notice(page, "签约期已结束")
    expect(page.locator("#step-head")).to_contain_text("条件未达到")
    page.close()
    own.close()


def test_a_desk_is_named_once_and_its_name_goes_with_the_signature(desks: Desks):
    unit = desks.ready()
    page = desks.page()
    write(page, "#my-desk [name=desk]", "２号台")
    page.keyboard.press("Enter")
    expect(page.locator("#my-desk-now")).to_contain_text("2号台")
    page.goto(f"{desks.url}/desk/{unit}?step=sign")
    expect(page.locator("#desk-name")).to_have_text("2号台")
    press(page, 'button[data-act="sign"]')

    step(page, "顺序号")
    expect(page.locator(".holders")).to_contain_text("2号台")
    page.evaluate("localStorage.clear()")
    page.close()


def test_a_case_is_found_however_its_place_is_written(desks: Desks):
    unit = desks.district.register(compound="银泉阁", building="5栋", stairwell="2单元", door="503")
    other = desks.district.register(compound="银泉阁", building="15栋", stairwell="2单元", door="503")
    page = desks.page()
    for written in ("银泉阁5栋503", "5-503", "５号楼５０３室", "5幢2单元503"):
        page.locator("input[name=place]").fill(written)
        page.keyboard.press("Enter")
        expect(page.locator(f"#u-{unit}")).to_be_visible()
        expect(page.locator(f"#u-{other}")).to_have_count(0)
    page.close()

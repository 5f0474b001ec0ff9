"""Does a desk sign a household by keyboard, once and only once, and never what is not on its screen?"""

import json
from datetime import date
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.support.desks import (
    ASKS_AGAIN_MILLISECONDS,
    LOOKS_MILLISECONDS,
    Desks,
    losing_one_answer,
    posts,
    press,
    step,
    tab_to,
    write,
)
from tests.support.signing import a_holder

pytestmark = pytest.mark.timeout(400)  # the first test starts the whole system

SIGN = 'button[data-act="sign"]'


def test_a_household_of_two_gets_its_number_by_keyboard_alone(desks: Desks):
    unit = desks.couple()
    desks.drafted(unit)
    page = desks.page()
    write(page, "input[name=place]", desks.district.units[unit].unit_code)
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk?place=*")
    press(page, f"#u-{unit}")
    page.wait_for_url(f"**/desk/{unit}?place=*")
    step_to_sign(page)

    press(page, SIGN)
    step(page, "请 李** 签字")
    assert page.locator(".holders li").first.inner_text().count("已签") == 1
    tab_to(page, "input[name=hand]")
    page.keyboard.press("ArrowDown")
    expect(page.locator('input[data-capacity="agent"]')).to_be_checked()
    press(page, SIGN)

    step(page, "产权调换 顺序号")
    expect(page.locator("#step-head")).to_have_accessible_description(page.locator("#number").inner_text())
    assert [int(page.locator("#number").inner_text())] == desks.numbers(unit)
    expect(page.locator(".holders")).to_contain_text("代理人")
    page.close()


def step_to_sign(page) -> None:
    """Confirms the originals, locks the agreement and compares the digest on paper with the page."""
    expect(page.locator("#step-head")).to_contain_text("核对")
    for paper in ("identity", "title_certificate", "account", "power_of_attorney"):
        press(page, f'input[value="{paper}"]', "Space")
    press(page, 'button[data-act="review"]')
    expect(page.locator("#notice")).to_have_text(
        "审核已通过，可以锁定。"
    )  # the heading stays, so the focus on it says nothing new
    step(page, "核对")
    press(page, 'button[data-act="lock"]')
    step(page, "已锁定")
    press(page, "button[data-begin]")
    step(page, "请 范** 签字")


def test_where_nobody_may_sign_the_way_to_the_mandates_is_offered(desks: Desks):
    unit = desks.ready(desks.district.register(a_holder("1", masked_name="范*", capable=False)))
    page = desks.case(unit, step="sign")
    press(page, '.hands a[href$="/mandates"]')
    page.wait_for_url(f"**/desk/{unit}/mandates")
    page.close()


def test_a_double_click_is_one_act_on_the_terms_that_are_on_the_screen(desks: Desks):
    unit = desks.ready()
    page = desks.case(unit, step="sign")
    sent = posts(page)
    page.locator(SIGN).dblclick()

    step(page, "顺序号")
    (request,) = sent
    digest = desks.district.rows("select digest from locks where agreement_id = :it", it=desks.agreement(unit))[0][0]
    assert json.loads(request.post_data or "")["terms_digest"] == digest
    assert len(request.headers["idempotency-key"]) == 36
    assert len(desks.numbers(unit)) == 1
    page.close()


def test_a_name_is_revealed_for_a_reason_without_leaving_the_case(desks: Desks):
    """The registry answers and records it (test_registry.py); here it knows none of these owners."""
    unit = desks.ready()
    page, revealed = desks.case(unit, step="sign"), {"name": "范文澜", "mobile": "+86 138 0013 8000", "email": None}
    page.route("**/api/registry/v1/people/*/reveals", lambda route: route.fulfill(json=revealed))
    address = page.url
    press(page, ".names summary")
    write(page, ".names input[name=reason]", "核对身份证原件")
    with page.expect_request("**/reveals") as sent:
        press(page, ".names button")

    expect(page.locator(".names output")).to_have_text("范文澜　+86 138 0013 8000")
    owner = desks.district.owners(unit)[0]
    assert sent.value.url.endswith(f"/people/{owner}/reveals")
    assert (json.loads(sent.value.post_data or ""), page.url) == ({"reason": "核对身份证原件"}, address)
    assert sent.value.headers["clearwater-district"] == desks.district.district
    page.close()


def test_two_windows_show_one_number(desks: Desks):
    unit = desks.ready()
    first, second = desks.case(unit, step="sign"), desks.case(unit, step="sign")
    shown = []
    for page in (first, second):
        page.locator(SIGN).click()
        step(page, "顺序号")
        shown.append(int(page.locator("#number").inner_text()))
        page.close()

    assert shown == desks.numbers(unit) * 2


def test_a_signature_by_another_hand_in_another_window_is_shown_as_different(desks: Desks):
    owner = a_holder("1/2", masked_name="范**")
    unit = desks.district.register(owner, a_holder("1/2"))
    desks.agent(unit, owner)
    page = desks.case(desks.ready(unit), step="sign")
    desks.district.sign(desks.agreement(unit), owner.person_id)
    page.locator('input[data-capacity="agent"]').check()
    page.locator(SIGN).click()

    expect(page.locator("#notice")).to_contain_text("先前已在别处签过")
    expect(page.locator(".holders li").first).to_contain_text("本人")
    page.close()


def test_a_stale_page_says_so_before_an_act(desks: Desks):
    unit = desks.ready()
    page = desks.case(unit, step="sign")
    sent = posts(page)
    desks.relocked(unit, relocation_fen=999_900)
    page.clock.run_for(LOOKS_MILLISECONDS)

    expect(page.locator("#answer h2")).to_contain_text("本页已不是最新")
    expect(page.locator("#answer")).to_contain_text("待签")
    expect(page.locator(SIGN)).to_be_hidden()
    page.get_by_role("button", name="看最新内容").press("Enter")
    step(page, "请")
    expect(page.locator(".facts")).to_contain_text("9,999.00")
    assert sent == []
    page.close()


def test_terms_that_are_not_on_the_screen_are_not_signed(desks: Desks):
    unit = desks.ready()
    page = desks.case(unit, step="sign")
    desks.relocked(unit, relocation_fen=999_900)
    page.locator(SIGN).click()

    answer = page.locator("#answer")
    expect(answer.locator("h2")).to_contain_text("锁定的条款与手上的不是同一份")
    expect(answer.locator(".do")).to_contain_text("重新读取协议，核对条款摘要，换印后再签")
    expect(answer).to_contain_text("没有动用顺序号")
    assert desks.numbers(unit) == []
    page.get_by_role("button", name="重新读取").press("Enter")
    expect(page.locator(".facts")).to_contain_text("9,999.00")
    page.close()


def test_after_a_lost_answer_the_page_repeats_the_same_key(desks: Desks):
    unit = desks.ready()
    page = desks.case(unit, step="sign")
    losing_one_answer(page, "**/signatures")
    sent = posts(page)
    page.locator(SIGN).click()
    expect(page.locator("#answer h2")).to_contain_text("没收到结果，正在查")
    expect(page.locator("#number")).to_have_count(0)
    page.clock.run_for(ASKS_AGAIN_MILLISECONDS)

    step(page, "顺序号")
    expect(page.locator("#notice")).to_contain_text("只办了一次")
    assert [int(page.locator("#number").inner_text())] == desks.numbers(unit)
    assert len({item.headers["idempotency-key"] for item in sent}) == 1 and len(sent) == 2
    page.close()


def test_after_a_reload_the_page_asks_again_for_a_lost_answer(desks: Desks):
    unit = desks.ready()
    page = desks.case(unit, step="sign")
    losing_one_answer(page, "**/signatures")
    sent = posts(page)
    page.locator(SIGN).click()
    expect(page.locator("#answer h2")).to_contain_text("没收到结果")
    page.reload()

    expect(page.locator("#notice")).to_contain_text("只办了一次")
    assert len({item.headers["idempotency-key"] for item in sent}) == 1
    assert [int(page.locator("#number").inner_text())] == desks.numbers(unit)
    page.close()


def test_without_a_network_buttons_are_disabled_and_the_page_recovers(desks: Desks):
    unit = desks.ready()
    page = desks.case(unit, step="sign")
    sent = posts(page)
    page.context.set_offline(True)
    expect(page.locator("#offline")).to_contain_text("连不上系统")
    expect(page.locator("#status-word")).to_have_text("离线")
    page.locator(SIGN).click()
    expect(page.locator("#notice")).to_contain_text("断线时不能办理")
    assert sent == []

    page.context.set_offline(False)
    expect(page.locator("#offline")).to_be_empty()
    page.locator(SIGN).click()
    step(page, "顺序号")
    page.close()


def test_a_mandate_that_has_ended_cannot_be_chosen_and_the_others_can_sign_first(desks: Desks):
    child = a_holder("1/2", masked_name="范*", capable=False)
    unit = desks.district.register(child, a_holder("1/2", masked_name="李**"))
    desks.district.mandate(unit, child.person_id, uuid4(), "guardian", date(2026, 1, 1))
    page = desks.case(desks.ready(unit), step="sign")

    expect(page.locator('input[data-capacity="guardian"]')).to_be_disabled()
    expect(page.locator(".hands")).to_contain_text("已到期，不能代签")
    expect(page.locator(".acts")).to_contain_text("现在没有人可以为 范* 签字")
    page.get_by_role("link", name="这位先签").press("Enter")
    step(page, "请 李** 签字")
    page.close()


def test_only_the_command_post_unlocks_and_gives_a_reason(desks: Desks):
    unit = desks.ready()
    page = desks.case(unit)
    expect(page.get_by_role("button", name="解锁")).to_have_attribute("aria-disabled", "true")
    expect(page.locator("#why-unlock")).to_contain_text("由指挥部办理")
    page.close()

    page = desks.case(unit, role="command")
    expect(page.locator("#why-begin")).to_contain_text("由签约台办理")
    press(page, 'button[data-ask="unlock"]')
    press(page, "#ask-unlock button[type=submit]")
    expect(page.locator("#ask-unlock .fault")).to_contain_text("请选理由")
    page.keyboard.press("Space")
    write(page, "#ask-unlock textarea", "复核搬迁费")
    press(page, "#ask-unlock button[type=submit]")

    step(page, "核对")
    assert act(desks, unit, "unlocked") == ("amount_wrong", "复核搬迁费")
    page.close()


def test_a_rescission_is_confirmed_by_its_number_and_the_number_stays_detached(desks: Desks):
    unit = desks.district.register()
    desks.ready(unit)
    desks.district.sign(desks.agreement(unit), desks.district.owners(unit)[0])
    (number,) = desks.numbers(unit)
    page = desks.case(unit, role="command")
    form = page.locator("#ask-rescind")
    page.locator('button[data-ask="rescind"]').click()
    form.get_by_label("业主解约").check()
    form.get_by_role("textbox", name="说明").fill("当面说明，业主坚持")
    form.get_by_role("button", name="下一步").click()
    form.locator("input[name=number]").fill("0")
    form.get_by_role("button", name="解除签约").click()
    expect(form.locator(".fault")).to_contain_text("没有解除")
    form.locator("input[name=number]").fill(str(number))
    form.get_by_role("button", name="解除签约").click()

    step(page, "已解约")
    expect(page.locator(".ends")).to_contain_text(f"{number} 已脱离")
    expect(page.locator(".ends")).to_contain_text("业主解约")
    assert act(desks, unit, "rescinded") == ("owner_withdrew", "当面说明，业主坚持")
    page.close()


def test_an_open_agreement_is_returned_for_a_reason(desks: Desks):
    unit = desks.district.register()
    desks.drafted(unit)
    page = desks.case(unit, role="officer", size="phone")
    page.locator('button[data-ask="return"]').click()
    page.locator("#ask-return").get_by_label("材料不全").check()
    page.locator("#ask-return").get_by_role("button", name="退回补材料").click()

    step(page, "还没有协议")
    expect(page.locator(".body")).to_contain_text("材料不全")
    assert act(desks, unit, "returned")[0] == "papers_missing"
    page.close()


def act(desks: Desks, unit_id, kind: str) -> tuple[str, str]:
    """The reason and the note that are stored with the case."""
    rows = desks.district.rows(
        "select reason, facts ->> 'note' from acts where unit_id = :unit_id and kind = :kind",
        unit_id=unit_id,
        kind=kind,
    )
    return tuple(rows[0])

"""Can the acts on rights, agreements and their ends be done by keyboard, from the button to the trace that is stored?"""

from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Page, expect

from services.signing.commands.decide_project import DeclareEffect, declare_effect
from tests.support.desks import Desks, press, step, tab_to
from tests.support.platform import Platform
from tests.support.signing import DESK

pytestmark = pytest.mark.timeout(400)  # the first test starts the whole system


def at(page: Page, selector: str) -> None:
    """Puts the focus there by Tab, unless it is there already."""
    if not page.evaluate("selector => document.activeElement.matches(selector)", selector):
        tab_to(page, selector)


def type_into(page: Page, selector: str, words: str) -> None:
    at(page, selector)
    page.keyboard.type(words)


def first_of_list(page: Page, selector: str) -> None:
    at(page, selector)
    page.keyboard.press("ArrowDown")


def expect_notice(page: Page, words: str) -> None:
    expect(page.locator("#notice")).to_contain_text(words)
    expect(page.locator("#notice")).to_be_focused()
    page.wait_for_load_state()


def ask(page: Page, act: str) -> None:
    """Opens the dialog of an act that needs a reason or evidence."""
    press(page, f'button[data-ask="{act}"]')
    expect(page.locator(f"#ask-{act}")).to_be_visible()


def confirm(page: Page, act: str) -> None:
    press(page, f"#ask-{act} button[type=submit]")


def kinds(desks: Desks, unit_id: UUID) -> list[str]:
    rows = desks.district.rows("select kind from acts where unit_id = :unit_id order by at", unit_id=unit_id)
    return [row[0] for row in rows]


def test_rights_are_taken_up_an_area_is_disputed_and_settled_and_rights_are_confirmed(desks: Desks):
    unit = desks.district.register()
    page = desks.page(f"/{unit}/rights")
    press(page, 'form[data-path$="/rights/reviews"] button')
    expect_notice(page, "已开始核查")
    for words in ("面积争议已登记", "面积争议已了结"):
        press(page, 'details:has(form[data-path$="/area-disputes"]) summary')
        first_of_list(page, 'form[data-path$="/area-disputes"] [name=reason]')
        type_into(page, 'form[data-path$="/area-disputes"] [name=note]', "复测面积")
        press(page, 'form[data-path$="/area-disputes"] button')
        expect_notice(page, words)
    press(page, 'form[data-path$="/rights/confirmations"] button')
    expect_notice(page, "权利已确认")

    assert kinds(desks, unit) == ["rights-taken-up", "area-disputed", "area-settled", "rights-confirmed"]
    page.close()


def test_an_open_agreement_is_returned(desks: Desks):
    unit = desks.district.register()
    desks.drafted(unit)
    page = desks.case(unit, role="officer")
    ask(page, "return")
    at(page, "#ask-return [name=reason]")
    page.keyboard.press("Space")
    confirm(page, "return")

    step(page, "还没有协议")
    assert kinds(desks, unit)[-1] == "returned"
    page.close()


def test_an_agreement_is_pre_registered_and_replaced_by_another_one(desks: Desks):
    unit = desks.ready()
    page = desks.case(unit)
    press(page, 'button[data-act="pre_register"]')
    step(page, "已预登记")
    page.close()

    page = desks.page(f"/{unit}/terms", role="command")
    first_of_list(page, "#terms [name=reason]")
    type_into(page, "#terms [name=note]", "金额写错")
    press(page, 'button[form="terms"]')
    expect_notice(page, "新协议在起草")

    assert {"pre-registered", "superseded"} <= set(kinds(desks, unit))
    states = desks.district.rows("select state from agreements where unit_id = :unit_id", unit_id=unit)
    assert sorted(row[0] for row in states) == ["drafted", "superseded"]
    page.close()


def test_a_signed_agreement_is_rescinded_by_typing_its_number(desks: Desks):
    unit = desks.district.register()
    desks.ready(unit)
    desks.district.sign(desks.agreement(unit), desks.district.owners(unit)[0])
    page = desks.case(unit, role="command")
    ask(page, "rescind")
    at(page, "#ask-rescind [name=reason]")
    page.keyboard.press("Space")
    type_into(page, "#ask-rescind [name=note]", "业主坚持")
    confirm(page, "rescind")
    type_into(page, "#ask-rescind [name=number]", str(desks.numbers(unit)[0]))
    confirm(page, "rescind")

    step(page, "已解约")
    assert kinds(desks, unit)[-1] == "rescinded"
    page.close()


def test_an_agreement_in_force_is_performed_with_its_evidence(system: Platform, desks: Desks):
    own = Desks(system, desks.browser)
    own.district.project_id = uuid4()
    own.district.open_project(starts_at=own.district.clock.now())
    unit = own.district.register()
    own.ready(unit)
    own.district.freeze()
    own.district.sign(own.agreement(unit), own.district.owners(unit)[0])
    with own.district.transaction() as tx:
        declare_effect(tx, DeclareEffect(own.district.project_id, "示征告〔2026〕31 号", DESK), own.district.clock)
    own.district.fan_out()
    page = own.case(unit, role="command")
    ask(page, "perform")
    type_into(page, "#ask-perform [name=evidence]", "交房验收单 7，付款凭证 9")
    confirm(page, "perform")

    expect(page.locator('button[data-ask="perform"]')).to_have_count(0)
    assert kinds(own, unit)[-1] == "performed"
    page.close()
    own.close()

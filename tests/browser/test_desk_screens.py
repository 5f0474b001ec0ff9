"""Is every state of the desk readable: on a desk's and an officer's screen, for keyboard and screen reader, and on paper?"""

from collections.abc import Callable
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from tests.support import pages
from tests.support.desks import Desks, write

pytestmark = pytest.mark.timeout(400)  # the first test starts the whole system


def listed(desks: Desks) -> Page:
    desks.ready(desks.couple())
    return desks.page(checked=True)


def drafted(desks: Desks) -> Page:
    unit = desks.couple()
    desks.drafted(unit)
    return desks.case(unit, checked=True)


def locked(desks: Desks) -> Page:
    return desks.case(desks.ready(desks.couple()), checked=True)


def signing(desks: Desks) -> Page:
    return desks.case(desks.ready(desks.couple()), step="sign", checked=True)


def signed_unit(desks: Desks) -> UUID:
    unit = desks.ready(desks.couple())
    for owner in desks.district.owners(unit):
        desks.district.sign(desks.agreement(unit), owner)
    return unit


def numbered(desks: Desks) -> Page:
    return desks.case(signed_unit(desks), checked=True)


def asked_why(desks: Desks) -> Page:
    page = desks.case(signed_unit(desks), role="command", checked=True)
    page.locator('button[data-ask="rescind"]').click()
    return page


def ended(desks: Desks) -> Page:
    unit = signed_unit(desks)
    desks.district.rescind(desks.agreement(unit))
    return desks.case(unit, checked=True)


def disputed(desks: Desks) -> Page:
    unit = desks.ready()
    desks.district.correct(unit, right_holders=desks.district.units[desks.couple()].right_holders, ownership="shares")
    return desks.case(unit, checked=True)


def refused(desks: Desks) -> Page:
    page = drafted(desks)
    page.locator('button[data-act="review"]').click()
    expect(page.locator("#answer")).to_contain_text("还差：必备材料齐全：身份证件、房产证原件")
    return page


def lost(desks: Desks) -> Page:
    page = signing(desks)
    page.route("**/signatures", lambda route: route.abort())
    page.locator('input[data-capacity="self"]').check()
    page.locator('button[data-act="sign"]').click()
    expect(page.locator("#answer h2")).to_contain_text("没收到结果")
    return page


def old(desks: Desks) -> Page:
    unit = desks.ready()
    page = desks.case(unit, step="sign", checked=True)
    desks.district.unlock(desks.agreement(unit))
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(page.locator("#answer h2")).to_contain_text("本页已不是最新")
    return page


STATES = (listed, drafted, locked, signing, numbered, asked_why, ended, disputed, refused, lost, old)


@pytest.mark.parametrize("shown", STATES)
def test_a_state_fits_both_screens_can_be_hit_and_axe_reports_nothing(desks: Desks, shown: Callable[[Desks], Page]):
    page = shown(desks)

    for width, height in pages.SIZES.values():
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert pages.small_targets(page) == []
    assert pages.violations(page) == ""
    page.close()


def buttons_fit(page: Page) -> bool:
    """At the lower edge, and over less than a quarter of the phone."""
    width, height = pages.SIZES["phone"]
    page.set_viewport_size({"width": width, "height": height})
    box = page.locator(".acts .buttons").bounding_box()
    return box is None or (box["height"] < height / 4 and box["y"] + box["height"] <= height)


@pytest.mark.parametrize("shown", [state for state in STATES if state is not listed])
def test_the_buttons_take_a_quarter_of_a_phone_at_most_and_stay_in_reach(desks: Desks, shown: Callable[[Desks], Page]):
    page = shown(desks)

    assert buttons_fit(page)
    page.close()


def test_the_command_s_buttons_fit_a_phone_in_english_too(desks: Desks):
    unit = desks.ready()
    page = desks.page(f"/{unit}?language=en", role="command", size="phone")

    assert page.locator(".acts .buttons .btn:visible").count() >= 3
    assert buttons_fit(page)
    page.context.clear_cookies(name="clearwater_language")
    page.close()


def test_a_screen_in_the_dark_is_readable_too(desks: Desks):
    page = desks.case(signed_unit(desks), checked=True)
    page.goto(f"{page.url}?theme=dark")

    assert pages.violations(page) == ""
    page.context.clear_cookies(name="clearwater_theme")
    page.close()


def test_an_officer_finds_a_unit_on_a_phone_and_comes_back_to_the_same_place(desks: Desks):
    units = [desks.ready() for _ in range(12)]
    desks.grouped(*units, name="五组")
    page = desks.page(size="phone", role="officer")
    page.get_by_label("签约组").select_option("五组")
    page.get_by_label("状态").select_option("locked")
    page.get_by_role("button", name="查找").click()
    expect(page.locator(".open")).to_have_count(12)
    last = page.locator(f"#u-{units[-1]}")
    last.scroll_into_view_if_needed()
    last.click()
    page.locator("#back").click()

    expect(page.locator(".open")).to_have_count(12)
    expect(last).to_be_in_viewport()
    expect(last).to_be_focused()
    page.close()


def test_the_list_is_searched_by_what_people_call_a_place(desks: Desks):
    unit = desks.district.register(compound="银泉阁", building="3栋", door="702")
    page = desks.page(size="phone")
    write(page, "input[name=place]", "银泉 3栋 702")
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk?place=*")

    expect(page.locator(".open")).to_have_count(1)
    row = page.locator(f"#u-{unit}")
    expect(row).to_contain_text("等小组起草协议")
    assert row.bounding_box()["height"] >= 44
    page.close()


def test_the_slip_on_paper_has_the_number_the_time_the_code_and_no_buttons(desks: Desks):
    unit = signed_unit(desks)
    digest = desks.district.rows("select digest from locks where agreement_id = :it", it=desks.agreement(unit))[0][0]
    page = desks.case(unit)
    page.emulate_media(media="print")

    expect(page.locator("#number")).to_have_text(str(desks.numbers(unit)[0]))
    expect(page.locator(".number dl")).to_contain_text("签约时间")
    assert page.locator(".foot").inner_text().replace(" ", "").lower().count(digest) == 1
    for hidden in (".acts", ".steps", ".tools"):
        expect(page.locator(hidden)).to_be_hidden()
    page.close()


def test_the_number_is_shown_in_the_readers_language(desks: Desks):
    page = desks.case(signed_unit(desks))

    for language, series in (("zh-Hant", "產權調換 順序號"), ("en", "Exchange number")):
        page.goto(f"{page.url.partition('?')[0]}?language={language}")
        expect(page.locator("#step-head")).to_have_text(series)
    page.context.clear_cookies(name="clearwater_language")
    page.close()

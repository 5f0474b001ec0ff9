"""Do the city and the command give an agency its events by keyboard: registered, proposed, approved by another one, revoked?"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from deploy.demo.people import Person
from deploy.local import districts
from tests.support import pages
from tests.support.keyboard import Staff
from tests.support.platform import Platform

pytestmark = pytest.mark.timeout(600)  # the first test starts the whole system

DISTRICT = "440501"
LIST = "/register/agencies"
PROJECT = {
    "name": "样例港片区",
    "starts_at": "2026-11-28T00:00:00+08:00",
    "ends_at": "2027-05-31T00:00:00+08:00",
    "bases": [{"basis": "units", "percent": 95, "legal_ground": "样例条例第三十六条"}],
}
OWN = "是您提出的：须由另一人批准。"


@pytest.fixture(scope="module")
def chromium(system: Platform) -> Iterator[Browser]:
    districts.add(system.place, DISTRICT, name="样例港区")
    with Person(system.place, "clerk", DISTRICT) as clerk:
        clerk.post("registry", "/projects", PROJECT, key="agencies-project")
    with pages.chromium() as browser:
        yield browser


def test_an_agency_is_registered_granted_events_and_loses_them_by_keyboard(chromium: Browser, system: Platform) -> None:
    city = Staff(chromium, system.place, LIST, role="city", district=DISTRICT)
    command = Staff(chromium, system.place, LIST, role="command", district=DISTRICT)
    expect(command.page.locator("#list-head")).to_have_text("还没有机构")

    _register(city)
    _propose(city)
    _approve(command)
    _revoke(city)
    city.page.context.close()
    command.page.context.close()


def _register(city: Staff) -> None:
    page = city.page
    city.press(page.get_by_role("link", name="登记机构"))
    page.wait_for_url(f"**{LIST}/new")
    city.look()
    city.press(page.get_by_role("button", name="登记机构"))
    expect(page.locator("main .err")).to_have_count(3)
    city.write("代号", "housing")
    city.write("机构名称", "澄江市住房局")
    city.write("负责接入的科室", "数据科")
    city.write("客户端", "housing-feed housing-feed")
    city.press(page.get_by_role("button", name="登记机构"))
    expect(city.refused()).to_contain_text("client-taken")
    city.look()
    page.get_by_label("客户端").fill("housing-feed")
    city.press(page.get_by_role("button", name="登记机构"))
    city.done("机构已登记")
    city.look()

    city.press(page.get_by_role("link", name="修改机构与客户端"))
    page.wait_for_url("**/change")
    city.look()
    page.get_by_label("客户端").fill("housing-feed engineer-lin")
    city.press(page.get_by_role("button", name="保存 housing"))
    city.done("已保存")
    expect(page.locator("section", has=page.locator("#clients-head"))).to_contain_text("engineer-lin")
    expect(page.locator("section", has=page.locator("#facts-head"))).to_contain_text(f"city-{DISTRICT}")


def _propose(city: Staff) -> None:
    page = city.page
    city.press(page.get_by_role("link", name="提出授权"))
    page.wait_for_url("**/grants/new")
    city.look()
    city.write("用途", "核对购房资格")
    city.write("法律依据", "样例办法第十条")
    page.get_by_label("开始提供").fill("2026-11-01T00:00")  # the fields for instants are the browser's own
    page.get_by_label("停止提供").fill("2036-11-01T00:00")
    page.locator("[value='clearwater.signing.agreement.signed.v1']").press("Space")
    city.press(page.get_by_role("button", name="向 澄江市住房局 提出授权"))
    expect(city.refused()).to_contain_text("event-type-not-granted")  # of an audience that is not ticked
    page.locator("[name=audiences][value=internal]").press("Space")
    city.press(page.get_by_role("button", name="向 澄江市住房局 提出授权"))
    city.done("授权已提出")
    expect(page.locator("article.group")).to_contain_text(OWN)
    expect(page.get_by_role("link", name="批准授权")).to_have_count(0)
    city.look()


def _approve(command: Staff) -> None:
    page = command.page
    page.goto(command.place.front_url)
    expect(page.locator("[data-row=proposed] .n")).to_have_text("1")
    command.press(page.locator("[data-row=proposed] a"))
    page.wait_for_url(f"**{LIST}/{DISTRICT}/housing")
    page.goto(f"{command.place.front_url}{LIST}")
    expect(page.locator("#waiting-head")).to_have_text("1 项授权待批准")
    command.look()
    command.press(page.locator(".line .now a"))
    page.wait_for_url("**/approval")
    expect(page.locator(".checks .wrong")).to_have_count(0)
    command.look()
    command.press(page.get_by_role("button", name="批准给 澄江市住房局 的授权"))
    command.done("授权已批准")
    granted = page.locator("article.group")
    for words in ("有效", "核对购房资格", f"city-{DISTRICT}", f"command-{DISTRICT}"):
        expect(granted).to_contain_text(words)
    command.look()


def _revoke(city: Staff) -> None:
    page = city.page
    page.reload()
    city.press(page.get_by_role("link", name="收回授权"))
    page.wait_for_url("**/revocation")
    city.look()
    city.press(page.get_by_role("button", name="收回给 澄江市住房局 的授权"))
    expect(page.locator("#reason:invalid")).to_be_focused()
    page.keyboard.type("年度复核未完成")
    city.press(page.get_by_role("button", name="收回给 澄江市住房局 的授权"))
    city.done("授权已收回")
    for words in ("已收回", "年度复核未完成", f"city-{DISTRICT}"):
        expect(page.locator("article.group")).to_contain_text(words)
    expect(page.get_by_role("link", name="收回授权")).to_have_count(0)
    city.look()

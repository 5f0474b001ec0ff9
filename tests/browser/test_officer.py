"""Can an officer work with one thumb, on a slow network, in the phone's own font?"""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from shared.service import session
from tests.support import pages
from tests.support.eventually import eventually
from tests.support.platform import Platform

pytestmark = pytest.mark.timeout(600)  # the first test starts the whole system
NUMBER = "G01-1"  # the sample's first officer
MOST_BYTES = 100_000


@pytest.fixture(scope="module")
def chromium(system: Platform) -> Iterator[Browser]:
    with pages.chromium() as browser:
        yield browser


@pytest.fixture
def phone(chromium: Browser, system: Platform, samples: list) -> Iterator[Page]:
    page = pages.signed_in(
        chromium, system.place, "/mine", role="officer", district=samples[0].code, size="phone", staff_number=NUMBER,
        has_touch=True, is_mobile=True, bypass_csp=True,
    )  # fmt: skip
    yield page
    page.context.close()


def test_the_officers_own_units_lead_to_a_case_and_back_with_one_thumb(phone: Page) -> None:
    expect(phone.locator(".units li").first).to_be_visible()
    door = phone.locator(".units .no").first.inner_text()
    phone.locator(".units a").first.tap()
    expect(phone.get_by_role("heading", level=1)).to_have_text(door)
    button = phone.locator(".act .btn")
    box = button.bounding_box()
    assert box is not None and box["height"] >= 56 and box["y"] > 844 / 2
    expect(phone.locator(".rooms")).to_contain_text("预约")
    button.tap()
    expect(phone).to_have_url(re.compile("/desk/"))
    phone.go_back()
    phone.get_by_role("link", name="回到我的房屋").tap()
    expect(phone.locator(".units li").first).to_be_visible()
    phone.get_by_role("navigation", name="手机菜单").get_by_role("link", name="亮身份").tap()
    expect(phone.locator(".card .number")).to_have_text(NUMBER)


def test_a_login_with_a_staff_number_sees_its_units_after_signing_in(
    chromium: Browser, system: Platform, samples: list
) -> None:
    """By the issuer, whose token carries the number, and after the session was renewed."""
    page = chromium.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN").new_page()
    page.goto(f"{system.place.front_url}/login?login_hint=officer&next=/mine")
    expect(page.locator(".units li").first).to_be_visible()
    page.context.clear_cookies(name=session.cookie_name(system.place.front_url))
    page.goto(f"{system.place.front_url}/mine")
    expect(page.locator(".units li").first).to_be_visible()
    page.context.close()


@pytest.mark.parametrize("language", ["zh-CN", "zh-Hant", "en"])
def test_each_page_fits_390_by_844_can_be_hit_and_axe_reports_nothing(phone: Page, language: str) -> None:
    phone.goto(phone.url.split("?")[0] + f"?language={language}")
    case = phone.locator(".units a").first.get_attribute("href") or ""
    for path in ("/mine", "/mine?tab=all", "/mine?tab=others", case, "/mine/card"):
        phone.goto(phone.url.split("/mine")[0] + path)
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390, path
        assert pages.small_targets(phone) == [], path
        assert pages.lost_by_tab(phone) == [], path
        assert pages.violations(phone) == "", path
        phone.set_viewport_size({"width": 390, "height": 844})


def test_the_first_load_is_below_100_kb_over_the_wire(chromium: Browser, system: Platform, samples: list) -> None:
    """Through the front door, into an empty cache: what the network sees, with headers."""
    context = chromium.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN")
    cookie = pages.session_cookie(system.place, role="officer", district=samples[0].code, staff_number=NUMBER)
    context.add_cookies([cookie])
    page, loaded = context.new_page(), []
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    network.on("Network.loadingFinished", lambda finished: loaded.append(finished["encodedDataLength"]))
    page.goto(f"{system.place.front_url}/mine?tab=all", wait_until="networkidle")
    expect(page.locator(".units li").first).to_be_visible()

    assert len(loaded) >= 5  # the page, its styles, its scripts
    assert sum(loaded) < MOST_BYTES, f"{sum(loaded):,.0f} bytes in {len(loaded)} answers"
    context.close()


@pytest.mark.parametrize("path", ["/mine", "/", "/desk", "/help"])
def test_a_phone_loads_no_web_font(chromium: Browser, system: Platform, samples: list, path: str) -> None:
    requested: list[str] = []
    page = pages.signed_in(
        chromium, system.place, "/help", role="officer", district=samples[0].code, size="phone", staff_number=NUMBER
    )
    page.on("request", lambda request: requested.append(request.url))
    page.goto(system.place.front_url + path, wait_until="networkidle")

    assert requested
    assert [item for item in requested if item.endswith((".woff2", ".woff"))] == []
    assert page.evaluate("[...document.fonts].filter(each => each.status === 'loaded').length") == 0
    page.context.close()


def test_the_home_of_an_officer_leads_to_their_units(phone: Page) -> None:
    phone.goto(phone.url.split("/mine")[0] + "/")
    row = phone.locator("[data-row=mine]")
    eventually(lambda: row.locator(".n").inner_text().strip().isdigit())
    assert int(row.locator(".n").inner_text()) > 0
    assert row.get_by_role("link").first.get_attribute("href") == "/mine"

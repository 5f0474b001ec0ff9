"""Can an agency's engineer find an event, read the feed, register an endpoint and send a test by the pages alone?"""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from deploy.demo.people import Person
from deploy.local import districts, issuer, keys
from deploy.local.issuer import NAMES
from deploy.sandbox.agency import give
from shared.service import session
from shared.web.languages import NAMES as LANGUAGES
from tests.support import pages
from tests.support.eventually import eventually
from tests.support.platform import Platform
from tests.support.receiver import Receiver, receiving

pytestmark = pytest.mark.timeout(400)  # the first test starts the whole system

DISTRICT, ENGINEER, AGENCY = "440106", "agency-440106", "water-bureau"
LANDED = 30_000


@pytest.fixture(scope="module")
def chromium():
    with pages.chromium() as running:
        yield running


@pytest.fixture(scope="module")
def district(system: Platform) -> str:
    """One of its own, with an agency for which the engineer acts and a grant of everything that may be given."""
    districts.add(system.place, DISTRICT, name="样例水区")
    give(system.place, DISTRICT, AGENCY, ENGINEER)
    token = issuer.mint(system.place.local_dir, role="agency", districts=[DISTRICT])
    address = f"{system.place.front_url}/api/reporting/v1/districts/{DISTRICT}/feed"
    headers = {"Authorization": f"Bearer {token}"}
    eventually(lambda: httpx.get(address, headers=headers, trust_env=False).status_code == 200)
    return DISTRICT


@pytest.fixture
def receiver():
    with receiving() as server:
        yield server


def at(chromium: Browser, system: Platform, path: str) -> Page:
    return pages.signed_in(chromium, system.place, path, role="agency", district=DISTRICT, bypass_csp=True)


def fits(page: Page) -> None:
    for width, height in (*pages.SIZES.values(), (1366, 768)):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert pages.small_targets(page) == []
    assert pages.violations(page) == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_is_found_narrowed_and_read_on_every_screen(chromium: Browser, system: Platform, language: str):
    context = chromium.new_context(bypass_csp=True)
    page = context.new_page()
    page.goto(f"{system.place.front_url}/events?language={language}")

    shown = page.locator("#events tbody tr:visible")
    expect(page.locator("#filter")).to_be_visible()
    every = shown.count()
    page.locator("#words").fill("agreement signed")
    expect(shown).not_to_have_count(every)
    page.locator("#words").fill("")
    page.locator("#audience").select_option("restricted")
    expect(shown).to_have_count(3)
    page.locator("#words").fill("no such event")
    expect(page.locator("#none")).to_be_visible()
    fits(page)
    page.locator("#words").fill("")
    page.locator("#audience").select_option("")
    page.locator("#events a", has_text="UnitRegistered").click()

    expect(page.locator("h1")).to_have_text("UnitRegistered")
    page.locator("details").evaluate_all("all => all.forEach(each => { each.open = true })")
    fits(page)
    context.close()


def test_an_engineer_registers_an_endpoint_sends_a_test_and_reads_the_feed(
    chromium: Browser, system: Platform, district: str, receiver: Receiver
):
    page = at(chromium, system, f"/agency?district={district}")
    expect(page.locator("#heading")).to_have_text("授权已生效，还没有接收地址", timeout=LANDED)
    expect(page.locator("#grants")).to_contain_text("注销原房产证")
    assert [link.get_attribute("href") for link in page.locator("header nav#ways a").all()] == [
        "/",
        "/agency",
        "/events",
    ]
    fits(page)

    page.locator("#url").focus()
    page.keyboard.type(receiver.url)
    page.keyboard.press("Enter")
    page.wait_for_url("**endpoint=**")
    expect(page.locator("#live")).to_contain_text(receiver.url, timeout=LANDED)
    expect(page.locator("#test")).to_be_visible(timeout=LANDED)
    page.locator("#test button").click()
    page.wait_for_url("**tried=**")
    expect(page.locator("#tried")).to_have_attribute("data-state", "delivered", timeout=LANDED)
    assert "clearwater.webhook.test.v1" in {posted.event["type"] for posted in receiver.accepted}

    page.locator("#show-secrets").click()
    expect(page.locator("#secrets code").first).to_contain_text("whsec_")
    page.locator("a[href^='/agency/rotate']").click()
    page.wait_for_url("**/agency/rotate?**")  # loaded, with the script that sends the form
    page.locator("#act button.main").click()
    page.wait_for_url("**did=rotate**")
    page.locator("#show-secrets").click()
    expect(page.locator("#secrets code")).to_have_count(2)

    page.locator("#feed-limit").select_option("1")
    page.locator("#feed button").click()
    expect(page.locator("#feed-events")).to_contain_text('"specversion": "1.0"')
    first = page.locator("#feed-events").inner_text()
    page.locator("#feed-on").click()
    expect(page.locator("#feed-events")).not_to_have_text(first)
    fits(page)
    page.context.close()


def test_a_refused_address_says_what_is_wrong_at_its_field(chromium: Browser, system: Platform, district: str):
    page = at(chromium, system, f"/agency?district={district}&language=en")
    page.locator("#url").fill("ftp://events.example/in")
    page.locator("#add button").click()

    expect(page.locator("#add [data-refusal]")).to_be_visible()
    expect(page.locator("#url")).to_have_attribute("aria-invalid", "true")
    page.context.close()


def test_an_engineers_home_is_the_agencys_page_and_the_staffs_pages_stay_closed(
    chromium: Browser, system: Platform, district: str
):
    page = at(chromium, system, "/")
    assert page.url.startswith(f"{system.place.front_url}/agency")
    page.goto(f"{system.place.front_url}/wall")
    expect(page.locator("[data-code]")).to_have_attribute("data-code", "role-missing")
    page.goto(f"{system.place.front_url}/help")
    expect(page.locator("main")).to_contain_text("我的订阅")
    page.context.close()


def test_the_local_provider_signs_an_engineer_in(chromium: Browser, system: Platform):
    page = chromium.new_context(locale="zh-CN").new_page()
    page.goto(f"{system.place.front_url}/login?login_hint=agency&next=/agency")

    expect(page.locator("#subject")).to_have_text("agency")
    name = session.cookie_name(system.place.front_url)
    [held] = [cookie["value"] for cookie in page.context.cookies() if cookie["name"] == name]
    secret = keys.load(system.place.local_dir)["session_secret"]
    opened = session.opened(held, secret=secret, purpose="session")
    assert (opened["name"], opened["roles"], opened["districts"]) == (NAMES["agency"], ["agency"], [])
    page.context.close()


def test_a_grant_that_ends_within_two_weeks_says_so(chromium: Browser, system: Platform, district: str):
    now = datetime.now(UTC)
    terms = {
        "purpose": "短期核对",
        "legal_basis": "样例条例第十二条",
        "audiences": ["internal"],
        "event_types": ["clearwater.signing.agreement.signed.v1"],
        "starts_at": (now - timedelta(days=1)).isoformat(),
        "ends_at": (now + timedelta(days=7)).isoformat(),
    }
    with Person(system.place, "city", district) as city, Person(system.place, "command", district) as command:
        grant = city.post("registry", f"/agencies/{AGENCY}/grants", terms, key=str(uuid4()))
        command.post("registry", f"/grants/{grant['grant_id']}/approval", {}, key=str(uuid4()))

    page = at(chromium, system, f"/agency?district={district}&language=en")
    expect(page.locator("#grants tr", has_text="短期核对")).to_contain_text("ends in 7 days")
    expect(page.locator("#grants tr", has_text="注销原房产证")).not_to_contain_text("ends in")
    fits(page)
    page.context.close()


def test_a_press_before_the_scripts_have_loaded_is_carried_out_when_they_have(
    chromium: Browser, system: Platform, district: str
):
    page = at(chromium, system, "/agency/none")
    held: list[Route] = []
    page.route("**/agency.js", lambda route: held.append(route))  # noqa: PLW0108 - playwright marks the function
    page.goto(f"{system.place.front_url}/agency?district={district}", wait_until="commit")
    page.locator("#feed button").first.click()
    expect(page.locator("#feed-answer")).to_be_hidden()
    held[0].continue_()

    expect(page.locator("#feed-events")).to_contain_text('"specversion": "1.0"', timeout=LANDED)
    page.context.close()

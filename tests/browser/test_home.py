"""Does every role find what waits for it at /, and reach everything from the one head, by keyboard, on a screen and on a phone?"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from deploy.local import districts
from shared.service.identity import ROLES
from shared.web.languages import NAMES
from tests.support import pages
from tests.support.platform import Platform

pytestmark = pytest.mark.timeout(600)  # the first test starts the whole system

EMPTY = "440311"
SLOW_MILLISECONDS = 30_000


@pytest.fixture(scope="module")
def chromium(system: Platform) -> Iterator[Browser]:
    expect.set_options(timeout=SLOW_MILLISECONDS)
    with pages.chromium() as browser:
        yield browser


def filled(page: Page) -> None:
    expect(page.locator("#rows")).to_have_attribute("aria-busy", "false")


@pytest.mark.parametrize("role", ROLES)
def test_every_role_sees_counts_with_their_links(chromium: Browser, system: Platform, samples: list, role: str) -> None:
    page = pages.signed_in(chromium, system.place, "/", role=role, district=samples[0].code, bypass_csp=True)
    filled(page)

    rows = page.locator("[data-row]")
    assert rows.count() >= 2
    assert page.locator("[data-row].silent").count() == 0
    assert all(text[0].isdigit() for text in rows.locator(".n").all_inner_texts())
    for link in rows.locator("a").all():
        answer = page.request.get(f"{system.place.front_url}{link.get_attribute('href')}")
        assert answer.status == 200, link.get_attribute("href")
    assert pages.violations(page) == ""
    for width, height in pages.SIZES.values():
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert pages.small_targets(page) == []
    page.context.close()


_PARTS = """() => [".product", "#switch", "#find", "#find-words", "#find button", "#more", "#ways a"].map((part) => {
  const box = document.querySelector(part).getBoundingClientRect();
  return [part, Math.round(box.top), Math.round(box.height)];
})"""


def test_a_workbook_with_mistakes_waits_for_the_clerk_only_while_it_can_be_put_right(
    chromium: Browser, system: Platform, samples: list
) -> None:
    page = pages.signed_in(chromium, system.place, "/docs", role="clerk", district=samples[0].code)
    whole = {"name": "云汀里", "district": samples[0].code, "units": 4, "starts_at": "2026-12-05T01:00:00Z"}
    frozen = {**whole, "project_id": "1" * 8, "roll_frozen_at": "2026-12-01T01:00:00Z"}
    open_one = {**whole, "project_id": "2" * 8, "roll_frozen_at": None}
    states = {frozen["project_id"]: ["faulty"], open_one["project_id"]: ["clean"]}

    def answered(route: Route, items: list) -> None:
        route.fulfill(json={"items": items, "next": None})

    def imports(route: Route) -> None:
        assert "unfinished=true" in route.request.url  # which ones a later import has put right, the registry knows
        mine = states[route.request.url.split("/projects/")[1].split("/")[0]]
        answered(
            route, [{"import_id": str(n), "state": state, "file_name": f"{n}.xlsx"} for n, state in enumerate(mine)]
        )

    page.route("**/api/registry/v1/projects?*", lambda route: answered(route, [frozen, open_one]))
    page.route("**/api/registry/v1/projects/*/imports*", imports)
    for expected in ("0", "1"):
        page.goto(system.place.front_url)
        filled(page)
        expect(page.locator("[data-row=faulty] .n")).to_have_text(expected)
        states[open_one["project_id"]] = ["faulty", "clean"]
    page.context.close()


def test_the_head_is_drawn_alike_on_every_page(chromium: Browser, system: Platform, samples: list) -> None:
    """A part's own styles must not reach into the head."""
    page = pages.signed_in(chromium, system.place, "/", role="command", district=samples[0].code)
    filled(page)
    drawn = page.evaluate(_PARTS)

    for path in ("/desk", "/desk/projects", "/register", "/register/units", "/messages", "/map", "/city", "/help"):
        page.goto(f"{system.place.front_url}{path}")
        assert page.evaluate(_PARTS) == drawn, path
    page.context.close()


def test_a_service_that_does_not_answer_is_named_and_the_rest_stays(
    chromium: Browser, system: Platform, samples: list
) -> None:
    page = pages.signed_in(chromium, system.place, "/docs", role="command", district=samples[0].code)
    page.route("**/api/notify/v1/**", lambda route: route.abort())
    page.goto(system.place.front_url)
    filled(page)

    expect(page.locator("[data-row=failed]")).to_have_class("silent")
    expect(page.locator("[data-row=failed] [data-detail]")).to_contain_text("消息服务没有回答")
    expect(page.locator("#health-notify")).to_contain_text("没有回答")
    expect(page.locator("#health-signing")).to_contain_text("在回答")
    assert page.locator("[data-row=to_go] .n").inner_text() != "—"
    expect(page.locator("#finding")).to_contain_text("有的服务没有回答")
    page.context.close()


def test_parked_keys_of_all_services_are_counted_and_the_one_that_is_silent_is_named(
    chromium: Browser, system: Platform, samples: list
) -> None:
    page = pages.signed_in(chromium, system.place, "/docs", role="command", district=samples[0].code)
    page.route("**/api/signing/v1/parked", lambda route: route.fulfill(json={"keys": [{}, {}]}))
    page.goto(system.place.front_url)
    filled(page)
    row = page.locator("[data-row=parked]")
    expect(row.locator(".n")).to_have_text("2")
    expect(row.locator("[data-detail]")).to_have_text("签约服务 2")
    expect(row.locator("a")).to_have_attribute("href", "/parked?service=signing")

    page.route("**/api/notify/v1/parked", lambda route: route.abort())
    page.reload()
    filled(page)

    expect(row).to_have_class("silent")
    expect(row.locator("[data-detail]")).to_contain_text("消息服务没有回答")
    page.context.close()


@pytest.mark.parametrize(("role", "may"), [("clerk", True), ("desk", False)])
def test_an_empty_system_says_what_comes_first(chromium: Browser, system: Platform, role: str, may: bool) -> None:
    districts.add(system.place, EMPTY)
    page = pages.signed_in(chromium, system.place, "/", role=role, district=EMPTY, bypass_csp=True)

    expect(page.locator("#begin li")).to_have_count(4)
    expect(page.locator("#begin")).to_be_visible()
    assert (page.locator("#begin a[href='/register/projects/new']").count() == 1) is may
    assert pages.violations(page) == ""
    page.context.close()


def test_a_district_that_is_not_open_comes_before_the_first_project(chromium: Browser, system: Platform) -> None:
    page = pages.signed_in(chromium, system.place, "/", role="clerk", district="440312", bypass_csp=True)
    way = "/login?other=1&next=/register/districts"
    expect(page.locator("#begin-district a")).to_have_attribute("href", way)
    expect(page.locator("#begin-district")).to_be_visible()
    expect(page.locator("#finding")).to_have_text("这里还没有区，从开设区开始")
    expect(page.locator("#begin .btn.main")).to_have_count(1)
    assert pages.violations(page) == ""
    for path in ("/register/projects", "/register/projects/new"):
        page.goto(f"{system.place.front_url}{path}")
        expect(page.locator("main .btn.main")).to_have_attribute("href", way)
    page.context.close()


@pytest.mark.parametrize("language", NAMES)
def test_the_head_works_by_keyboard_on_a_phone(
    chromium: Browser, system: Platform, samples: list, language: str
) -> None:
    page = pages.signed_in(
        chromium,
        system.place,
        f"/messages?language={language}",
        role="command",
        district=samples[0].code,
        size="phone",
        bypass_csp=True,
    )
    page.locator("#menu").focus()
    page.keyboard.press("Enter")
    expect(page.locator("header form[action='/logout'] button")).to_be_visible()
    ways = page.locator("#ways a")
    expect(ways.first).to_be_visible()
    assert [way.get_attribute("href") for way in ways.all()][:2] == ["/", "/wall"]
    expect(page.locator("#ways a[aria-current]")).to_have_attribute("href", "/messages")
    assert pages.small_targets(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= pages.SIZES["phone"][0]
    assert pages.violations(page) == ""
    page.set_viewport_size({"width": pages.SIZES["phone"][0], "height": pages.SIZES["phone"][1]})
    page.keyboard.press("Escape")
    expect(page.locator("#ways")).to_be_hidden()
    expect(page.locator("#menu")).to_be_focused()
    page.context.close()


def test_the_search_and_the_switch_of_projects_work_by_keyboard(
    chromium: Browser, system: Platform, samples: list
) -> None:
    page = pages.signed_in(chromium, system.place, "/messages", role="clerk", district=samples[0].code)
    page.keyboard.press("/")
    expect(page.locator("#find-words")).to_be_focused()
    page.keyboard.type("１－１０１室")
    page.keyboard.press("Enter")
    page.wait_for_url("**/register/find**")
    expect(page.locator("#found-head")).to_contain_text("读作 1栋101")
    expect(page.locator("main .line a").first).to_contain_text("1栋 101")

    page.locator("#switch").focus()
    page.keyboard.press("Enter")
    chosen = page.locator("#projects a[aria-current]")
    expect(chosen).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("#projects")).to_be_hidden()
    expect(page.locator("#switch")).to_be_focused()
    page.keyboard.press("Enter")
    chosen.press("Enter")
    page.wait_for_url("**/register/find?project=**")
    page.context.close()

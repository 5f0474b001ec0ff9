"""Does a person sign in once, see every page at one address, and leave nothing behind when they sign out?"""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from deploy.local import keys
from shared.service import session
from tests.support import pages
from tests.support.eventually import eventually
from tests.support.platform import Platform

pytestmark = pytest.mark.timeout(400)  # the first test starts the whole system

PATHS = (
    "/",
    "/help",
    "/wall",
    "/map",
    "/city",
    "/report",
    "/desk",
    "/register",
    "/register/units",
    "/register/people",
    "/register/agencies",
    "/messages",
    "/parked",
    "/docs",
)
SOON_MILLISECONDS = 15_000


class Window:
    """A browser of one person. `failures` lists failed requests and console errors."""

    def __init__(self, browser: Browser, system: Platform, **options) -> None:
        self.front, self.failures = system.place.front_url, []
        self.context: BrowserContext = browser.new_context(
            viewport={"width": 1366, "height": 768}, locale="zh-CN", **options
        )

    def tab(self) -> Page:
        page = self.context.new_page()
        page.on("response", lambda answer: self.failures.append(answer.url) if answer.status >= 400 else None)
        page.on("console", lambda message: self.failures.append(message.text) if message.type == "error" else None)
        return page

    def signed_in(self, path: str, *, title: str = "指挥部") -> Page:
        """Signs in on the provider's page."""
        page = self.tab()
        page.goto(self.front + path)
        page.get_by_text(title).first.click()
        page.wait_for_url(f"{self.front}{path}**")
        return page

    def cookies(self) -> dict[str, str]:
        """Of the services, whose names hold the port; the issuer has one of its own."""
        held = {cookie["name"]: cookie["value"] for cookie in self.context.cookies()}
        return {name: value for name, value in held.items() if re.match(r"clearwater_\d", name)}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with pages.chromium() as running:
        yield running


@pytest.fixture
def window(chromium: Browser, system: Platform) -> Iterator[Window]:
    made = Window(chromium, system)
    yield made
    made.context.close()


def test_a_person_signs_in_by_keyboard_alone(window: Window) -> None:
    page = window.tab()
    page.goto(f"{window.front}/desk")
    choices = page.get_by_role("navigation").get_by_role("link")
    expect(choices.first).to_be_focused()
    assert choices.first.evaluate("each => getComputedStyle(each).outlineWidth") == "3px"
    assert pages.small_targets(page) == []
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(choices.nth(3)).to_contain_text("指挥部")
    expect(choices.nth(3)).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{window.front}/desk**")
    expect(page.locator("header .who")).to_contain_text("温启明")


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="退出").click()
    page.wait_for_url("**/signed-out")
    expect(page.locator("h2")).to_have_text("您已退出清水签约")


def test_one_sign_in_opens_every_page_at_one_address(window: Window) -> None:
    page = window.signed_in("/desk")

    for path in PATHS:
        for language in ("zh-Hans", "en"):
            page.goto(f"{window.front}{path}?language={language}")
            assert page.url.startswith(window.front)
            assert page.locator("html").get_attribute("lang") == language
    assert window.failures == []
    page.goto(f"{window.front}/?language=zh-Hans")
    sections = page.locator("header nav#ways a:not([href='/'])")
    assert [link.get_attribute("href") for link in sections.all()] == [
        "/wall",
        "/map",
        "/city",
        "/report",
        "/desk",
        "/register",
        "/messages",
        "/parked",
    ]


def test_signing_out_ends_all_tabs_and_back_shows_nothing(window: Window, samples: list) -> None:
    first, second = window.signed_in("/register/people"), window.tab()
    second.goto(f"{window.front}/register/people")
    second.locator("summary").first.click()
    second.locator("details[open] input").fill("核对身份")
    second.locator("details[open] button").click()
    shown = second.locator("details[open] output")
    expect(shown).not_to_be_empty()
    name = shown.inner_text()

    sign_out(first)

    second.wait_for_url("**/signed-out", timeout=SOON_MILLISECONDS)
    assert name not in second.content()
    second.go_back()
    second.wait_for_load_state()
    assert name not in second.content() and not second.url.startswith(f"{window.front}/register")
    first.goto(f"{window.front}/messages")
    assert not first.url.startswith(window.front)
    assert [name for name in window.cookies() if "_login" not in name] == []


def test_a_page_that_stays_open_renews_its_session(window: Window, system: Platform) -> None:
    page = window.signed_in("/messages")
    name = session.cookie_name(window.front)
    secret = keys.load(system.place.local_dir)["session_secret"]
    held = session.opened(window.cookies()[name], secret=secret, purpose="session")
    ending = session.seal(
        {key: held[key] for key in held if key != "exp"}, secret=secret, purpose="session", seconds=120
    )
    window.context.add_cookies([{"name": name, "value": ending, "url": window.front}])

    page.reload()
    renewed = eventually(lambda: window.cookies().get(name) not in {ending, None}, seconds=20)
    assert renewed
    window.context.clear_cookies(name=name)  # as when a browser was closed over lunch
    page.goto(f"{window.front}/messages")
    assert page.url == f"{window.front}/messages"
    assert window.failures == []


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh-Hans", "以其他身份登录"), ("zh-Hant", "以其他身份登入"), ("en", "Sign in as somebody else")],
)
def test_an_error_page_follows_the_language_and_leads_on(window: Window, language: str, words: str) -> None:
    page = window.signed_in("/messages", title="审计员")
    page.goto(f"{window.front}/messages?language={language}")
    page.goto(f"{window.front}/desk")

    assert page.locator("html").get_attribute("lang") == language
    expect(page.locator("header.head")).to_be_visible()
    assert page.locator("main a").first.get_attribute("href") == "/"
    page.get_by_role("link", name=words).click()
    page.get_by_text("签约窗口").first.click()  # the provider asks anew
    page.wait_for_url(f"{window.front}/desk")
    assert page.locator("html").get_attribute("lang") == language


def test_the_doors_own_pages_can_be_read_by_everybody(chromium: Browser, system: Platform) -> None:
    window = Window(chromium, system, bypass_csp=True)
    page = window.signed_in("/desk", title="审计员")
    for path in ("/", "/desk", "/docs", "/nowhere", "/signed-out"):
        page.goto(window.front + path)
        assert pages.violations(page) == "", path
        assert pages.small_targets(page) == [], path
    window.context.close()

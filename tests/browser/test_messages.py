"""Does the command post see the cause, the text and the outcome of each message?"""

from collections.abc import Iterator

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from deploy.demo.desk import Signed
from deploy.demo.people import Person
from deploy.demo.watching import mail_arrivals
from deploy.local import processes
from tests.support import pages
from tests.support.platform import Platform
from tests.support.sample_districts import SampleDistrict

pytestmark = pytest.mark.timeout(400)  # the first test starts the whole system


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with pages.chromium() as running:
        yield running


@pytest.fixture(scope="module")
def signed(system: Platform, samples: list[SampleDistrict]) -> Signed:
    """An agreement whose owner's mail has arrived."""
    sample_district = samples[0]
    done = sample_district.desk.sign(sample_district.next_ready())
    with Person(system.place, "city", "*") as city:
        assert mail_arrivals(system.place, [done], city)
    return done


@pytest.fixture
def opened(system: Platform, chromium: Browser, samples: list[SampleDistrict], signed: Signed) -> Iterator:
    """opened("phone") is the messages page of the unit that has just been signed for."""
    made: list[Page] = []

    def make(size: str = "wall", *, query: str = "", **options) -> Page:
        path = f"/messages?unit_id={signed.unit_id}{query}"
        made.append(
            pages.signed_in(
                chromium, system.place, path,
                role="command", district=samples[0].code, size=size, **options,
            )
        )  # fmt: skip
        return made[-1]

    yield make
    for page in made:
        page.context.close()


@pytest.mark.parametrize("size", pages.SIZES)
def test_the_page_fits_and_its_targets_can_be_hit(opened, size):
    page = opened(size)

    assert page.evaluate("document.documentElement.scrollWidth") <= pages.SIZES[size][0]
    assert pages.small_targets(page) == []


def test_the_page_shows_the_chain_from_the_fact_to_the_phone(opened, signed):
    page = opened()

    sent = page.locator("ol.list-of li", has=page.locator('[data-receipt="sent"]')).first
    sent.locator("a").click()
    expect(page.locator(".why .lead [data-receipt]")).to_have_attribute("data-receipt", "sent")
    expect(page.locator(".chain li")).to_have_count(7)
    expect(page.locator(".letter")).to_contain_text(str(signed.number))
    assert "@" not in page.locator("main").inner_text()


def test_the_list_is_walked_by_keyboard(opened):
    page = opened()
    links = page.locator("ol.list-of a")
    last = links.count() - 1
    links.nth(last).focus()
    page.keyboard.press("Enter")

    expect(page.locator("ol.list-of a").nth(last)).to_have_attribute("aria-current", "true")


def test_a_state_without_messages_says_so(opened):
    page = opened(query="&state=failed")

    expect(page.locator("p.none")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_reports_nothing(opened, theme):
    assert pages.violations(opened(query=f"&theme={theme}", bypass_csp=True)) == ""


@pytest.fixture
def failed(system: Platform, samples: list[SampleDistrict], signed: Signed) -> list[str]:
    """Two messages to owners that are recorded as refused by the mailbox."""
    sample_district = samples[0]
    other = sample_district.desk.sign(sample_district.next_ready())
    with Person(system.place, "city", "*") as city:
        assert mail_arrivals(system.place, [other], city)
        keys = [
            next(
                item["message_key"]
                for item in city.every("notify", "/messages", unit_id=done.unit_id)
                if item["state"] == "sent"
            )
            for done in (signed, other)
        ]
    owner = processes.environment(system.place, "notify", "api")["DATABASE_URL_OWNER"]
    with psycopg.connect(owner) as connection:
        connection.execute(
            "select set_config('clearwater.district', %s, true), set_config('clearwater.granted', '*', true)",
            [sample_district.code],
        )
        # Their guards bind the owner, too: a sent message never fails.
        connection.execute("alter table messages disable trigger user")
        connection.execute(
            "update messages set state = 'failed', code = 'smtp-550', receipt = null, settled_at = now() where message_key = any(%s)",
            [keys],
        )
        connection.execute("alter table messages enable trigger user")
    return keys


@pytest.fixture
def list_of_failed(system: Platform, chromium: Browser, samples: list[SampleDistrict]) -> Iterator:
    made: list[Page] = []

    def make(key: str, *, size: str, language: str, **options) -> Page:
        path = f"/messages?state=failed&m={key}&language={language}"
        who = {"role": "command", "district": samples[0].code}
        made.append(pages.signed_in(chromium, system.place, path, size=size, **who, **options))
        made[-1].on("dialog", lambda dialog: pytest.fail(f"a window asks: {dialog.message}"))
        return made[-1]

    yield make
    for page in made:
        page.context.close()


SAYS = {
    "zh-Hans": ("再发一次", "已交办再发一次", "已送出"),
    "en": ("Send once more", "Ordered to be sent again", "sent"),
}


@pytest.mark.parametrize("size", pages.SIZES)
@pytest.mark.parametrize("language", SAYS)
def test_send_again_confirms_stays_on_the_message_and_shows_the_result(list_of_failed, failed, size, language):
    ask, ordered, sent = SAYS[language]
    key = failed[0]  # the older one: not the first of the list
    page = list_of_failed(key, size=size, language=language)
    shown = page.locator("#why-head").inner_text()
    recipient = page.locator(".chain li").nth(2).inner_text()

    page.locator(".acts a", has_text=ask).press("Enter")
    expect(page.locator("#confirm-head")).to_be_focused()
    assert pages.small_targets(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= pages.SIZES[size][0]
    page.locator("#confirm .answers a").click()  # no
    expect(page.locator("#confirm")).to_have_count(0)
    expect(page.locator(".why")).to_have_attribute("data-state", "failed")

    page.locator(".acts a", has_text=ask).click()
    page.locator("#confirm button").click()
    expect(page.locator("#done")).to_contain_text(ordered)
    assert f"m={key}" in page.url
    assert (page.locator("#why-head").inner_text(), page.locator(".chain li").nth(2).inner_text()) == (shown, recipient)
    expect(page.locator(".why")).to_have_attribute("data-state", "sent", timeout=60_000)
    expect(page.locator("p.aloud")).to_contain_text(sent)
    assert f"m={key}" in page.url


def test_send_again_works_without_a_script(list_of_failed, failed):
    page = list_of_failed(failed[0], size="wall", language="en", java_script_enabled=False)
    page.locator(".acts a").click()
    page.locator("#confirm button").click()

    expect(page.locator("#done")).to_contain_text("Ordered to be sent again")
    assert f"m={failed[0]}" in page.url


def test_all_messages_of_a_reason_are_resent_after_a_confirmation(system, samples, list_of_failed, failed):
    with Person(system.place, "command", samples[0].code) as command:  # those of the tests before this one too
        count = sum(message["channel"] == "mail" for message in command.every("notify", "/messages", state="failed"))
    assert count >= len(failed)
    page = list_of_failed(failed[0], size="wall", language="en", bypass_csp=True)
    page.locator(".failures a", has_text="Send all again").click()
    expect(page.locator("#resend-head")).to_contain_text(f"Send {count} messages")
    assert pages.violations(page) == ""
    page.locator("#confirm-resend input[name=reason]").fill("the mail server works again")
    page.locator("#confirm-resend button").click()

    expect(page.locator("#done")).to_contain_text(f"{count} messages ordered to be sent again")
    expect(page.locator(".failures")).to_have_count(0)
